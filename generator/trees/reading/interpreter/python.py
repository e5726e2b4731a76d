"""Python's operators on values of a program, within bounds.

What a value is not known of makes an unknown value; what Python would raise is a `NotATreeError`. Values that
a program could nest without end are compared step by step, and the steps are counted. This module does *not*
know the program's functions and classes.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.interpreter.values import ITEMS_A_STEP, MAX_ITEMS, Instance, bounded
from generator.trees.reading.recording.tensors import Tensor, Unknown

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_ORDER: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_WIDE = re.compile(r"\d{4}|\*")
_NUMBERS = (int, float)
_ROWS = (list, tuple)


def binary(sign: ast.operator, first: Any, second: Any) -> Any:
    """Return what an operator gives.

    Raises:
        NotATreeError: It is too large, or Python would raise, or the values are none to reckon with.
    """
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        return Unknown("what is reckoned from a value that is not known")
    numbers = isinstance(first, _NUMBERS) and isinstance(second, _NUMBERS)
    rows = isinstance(first, _ROWS) and isinstance(second, _ROWS)
    texts = isinstance(first, str) and isinstance(second, str)
    if isinstance(sign, ast.Pow | ast.LShift) and numbers and (abs(second) > 64 or abs(first) > 2**32):
        raise NotATreeError("bounds", "a number is too large")
    if isinstance(sign, ast.Mult) and not numbers:
        row, times = (first, second) if isinstance(second, int) else (second, first)
        if not isinstance(row, str | list | tuple) or not isinstance(times, int):
            raise NotATreeError("python", "a product of what is no number")
        if times > 0 and len(row) > MAX_ITEMS // times:
            raise NotATreeError("bounds", f"more than {MAX_ITEMS} items")
    elif isinstance(sign, ast.Mod) and isinstance(first, str):
        return formatted(first, second)
    elif not numbers and not (isinstance(sign, ast.Add) and (rows or texts)):
        raise NotATreeError("python", "an operator between values that are no numbers")
    if not numbers and isinstance(sign, ast.Add):
        bounded(range(min(len(first) + len(second), MAX_ITEMS + 1)))
    return tried(_OPERATORS.get(type(sign)), first, second)


def unary(sign: ast.unaryop, value: Any) -> Any:
    """Return what `-`, `+` or `~` gives."""
    if isinstance(value, Unknown):
        return value
    if not isinstance(value, _NUMBERS) or not isinstance(sign, ast.USub | ast.UAdd):
        raise NotATreeError("python", "a sign in front of what is no number")
    return -value if isinstance(sign, ast.USub) else value


def tried(function: Callable[..., Any] | None, *values: Any, **named: Any) -> Any:
    """Return what a function gives.

    Raises:
        NotATreeError: It raises, it is None, or what it gives is too large.
    """
    if function is None:
        raise NotATreeError("python", "an operator or a method that is not read")
    try:
        return bounded(function(*values, **named))
    except NotATreeError:
        raise
    except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise NotATreeError("python", f"it would raise: {error}") from None


def formatted(text: str, values: object) -> str:
    """Return a text filled in by `%`, of numbers and short texts."""
    filled = values if isinstance(values, tuple) else (values,)
    if _WIDE.search(text) or not all(isinstance(each, int | float | str) for each in filled):
        raise NotATreeError("python", "a format that is not read")
    return str(tried(operator.mod, text, values))


def shown(value: object, form: str = "") -> str:
    """Return a value as a formatted string shows it."""
    if isinstance(value, int | float | str | None) and not _WIDE.search(form):
        return str(tried(format, value, form)) if value is not None else "None"
    raise NotATreeError("python", "a text made of a value that is not read")


class Comparisons:
    """Compares values, and counts how often."""

    def __init__(self, step: Callable[[], None]) -> None:
        self._step = step

    def compare(self, sign: ast.cmpop, first: Any, second: Any) -> Any:
        """Return what a comparison gives: true, false or unknown."""
        if isinstance(sign, ast.Is | ast.IsNot):
            return _same(first, second) == isinstance(sign, ast.Is)
        if isinstance(sign, ast.In | ast.NotIn):
            return self.contains(second, first) == isinstance(sign, ast.In)
        if isinstance(sign, ast.Eq | ast.NotEq):
            equal = self.equal(first, second)
            return equal if isinstance(equal, Unknown) else equal == isinstance(sign, ast.Eq)
        if isinstance(first, Unknown) or isinstance(second, Unknown):
            return Unknown("a comparison with a value that is not known")
        if isinstance(first, _NUMBERS) and isinstance(second, _NUMBERS):
            return _ORDER[type(sign)](first, second)
        if isinstance(first, str) and isinstance(second, str):
            return _ORDER[type(sign)](first, second)
        raise NotATreeError("python", "an order of values that are no numbers")

    def equal(self, first: Any, second: Any) -> Any:
        """Return whether two values are equal."""
        self._step()
        if first is second:
            return True
        if isinstance(first, Unknown) or isinstance(second, Unknown):
            return Unknown("a comparison with a value that is not known")
        if isinstance(first, _ROWS) and type(first) is type(second):
            if len(first) != len(second):
                return False
            pairs = [self.equal(one, other) for one, other in zip(first, second, strict=True)]
            return next((pair for pair in pairs if pair is not True), True)
        if isinstance(first, int | float | str) and isinstance(second, int | float | str):
            return first == second
        return False

    def contains(self, container: Any, value: Any) -> bool:
        """Return whether a value is in a container."""
        if isinstance(container, range):
            return isinstance(value, int) and value in container
        if isinstance(container, str):
            return isinstance(value, str) and value in container
        return any(self.equal(each, value) is True for each in items(container))


def _same(first: object, second: object) -> bool:
    if isinstance(first, int | float | str) and type(first) is type(second):
        return first == second
    return first is second


def items(value: object) -> list[Any]:
    """Return what a loop over a value runs through.

    Raises:
        NotATreeError: It is nothing to run through, or has too many items.
    """
    if isinstance(value, Instance) and value.container:
        children = value.children()
        return list(children) if value.container == "ModuleDict" else list(children.values())
    if isinstance(value, list | tuple | dict | str | range | set):
        return list(islice(bounded(value), MAX_ITEMS))
    what = value.what if isinstance(value, Unknown) else "a value"
    raise NotATreeError("python", f"a loop over {what} that has no items")


def effort(values: list[Any]) -> int:
    """Return how many steps it counts as to run through all items of values."""
    sized = [value.attributes if isinstance(value, Instance) else value for value in values]
    lengths = [len(value) for value in sized if isinstance(value, str | list | tuple | dict)]
    return sum(lengths) // ITEMS_A_STEP


def brief(value: object) -> str:
    """Return a value for a message."""
    return repr(value)[:40] if isinstance(value, int | float | str | None) else "a value"


def truth(value: object) -> bool:
    """Return whether a value counts as true.

    Raises:
        NotATreeError: It is not known.
    """
    if isinstance(value, Unknown | Tensor):
        what = value.what if isinstance(value, Unknown) else "a tensor"
        raise NotATreeError("python", f"a decision by {what}, which is not known")
    if isinstance(value, Instance) and value.container:
        return bool(value.children())
    return (
        bool(value)
        if isinstance(value, int | float | str | list | tuple | dict | range | set | None)
        else True
    )


def key(value: object) -> Any:
    """Return a value as the key of a dictionary: a number, a text, a short row of such, an object."""
    if isinstance(value, tuple) and not all(isinstance(each, int | float | str) for each in value):
        raise NotATreeError("python", "a key that is not read")
    if isinstance(value, list | dict | set | range | Unknown):
        raise NotATreeError("python", "a key that is not read")
    return value


def subscripted(value: Any, index: Any) -> Any:
    """Return what stands under an index of a list, a text, a dictionary or a container of modules."""
    if isinstance(value, Instance) and value.container:
        children = value.children()
        value = children if isinstance(index, str) else list(children.values())
    if isinstance(value, dict):
        index = key(index)
    elif not isinstance(value, list | tuple | str | range) or not isinstance(index, int | slice):
        raise NotATreeError("python", "an index that is not read")
    return tried(operator.getitem, value, index)
