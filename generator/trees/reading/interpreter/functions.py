"""The functions of Python and its library that a program may call while it is read, over known values.

What would run through something without end is refused by `items`. This module does *not* know functions of
torch (`operations`), nor those that ask for objects of the program (`objects`).
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.interpreter.python import binary, items, key, shown, tried, truth
from generator.trees.reading.recording.tensors import MAX_NUMBER, Unknown


def _whole(value: Any, *_: object) -> int:
    if isinstance(value, str) and len(value) > 20:
        raise NotATreeError("bounds", "a number is too large")
    return value if isinstance(value, int) and not isinstance(value, bool) else int(value)


def _numbers(values: Iterable[Any]) -> list[Any]:
    found = list(values)
    if not all(isinstance(each, int | float | str) for each in found):
        raise NotATreeError("python", "an order of values that are no numbers")
    return found


def _extreme(choose: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    return lambda *values: choose(_numbers(items(values[0]) if len(values) == 1 else values))


def _rounded(value: float, digits: int | None = None) -> float:
    return round(value) if digits is None else round(value, max(min(digits, 20), -20))


def _ranged(*values: Any) -> range:
    return range(*(min(max(operator.index(each), -MAX_NUMBER), MAX_NUMBER) for each in values))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "all": lambda values: all(map(truth, items(values))),
    "any": lambda values: any(map(truth, items(values))),
    "bool": lambda value=False: truth(value),
    "dict": lambda values=(), **named: _mapping(values) | named,
    "divmod": divmod,
    "enumerate": lambda values, start=0: list(enumerate(items(values), start)),
    "float": lambda value=0.0: float(value if not isinstance(value, str) else value[:40]),
    "int": lambda value=0: _whole(value),
    "iter": items,
    "len": lambda value: len(value) if isinstance(value, range) else len(items(value)),
    "list": lambda values=(): items(values),
    "max": _extreme(max),
    "min": _extreme(min),
    "pow": lambda first, second: binary(ast.Pow(), first, second),
    "range": _ranged,
    "reversed": lambda values: items(values)[::-1],
    "round": _rounded,
    "set": lambda values=(): list(dict.fromkeys(map(key, items(values)))),
    "sorted": lambda values, reverse=False: sorted(_numbers(items(values)), reverse=bool(reverse)),
    "str": lambda value="": shown(value),
    "tuple": lambda values=(): tuple(items(values)),
    "zip": lambda *values, strict=False: list(zip(*map(items, values), strict=bool(strict))),
    "math.ceil": math.ceil,
    "math.floor": math.floor,
    "math.gcd": math.gcd,
    "math.log": math.log,
    "math.log2": math.log2,
    "math.pow": lambda first, second: binary(ast.Pow(), float(first), second),
    "math.prod": lambda values: _product(values),
    "math.sqrt": math.sqrt,
    "numpy.prod": lambda values: _product(values),
    "collections.OrderedDict": lambda values=(): _mapping(values),
    "typing.cast": lambda _, value: value,
    "itertools.chain": lambda *rows: [each for row in rows for each in items(row)],
}
"""Functions over known values, by their names; those of `builtins` by their last."""


def _mapping(values: object) -> dict[Any, Any]:
    if isinstance(values, dict):
        return dict(values)
    return {key(pair[0]): pair[1] for pair in map(items, items(values)) if len(pair) == 2}


def _product(values: object) -> Any:
    product: Any = 1
    for value in items(values):
        product = binary(ast.Mult(), product, value)
    return product


def run(name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Return what a function of `FUNCTIONS` gives; unknown where an argument that it looks at is unknown."""
    if any(isinstance(value, Unknown) for value in (*args, *kwargs.values())) and name != "typing.cast":
        return Unknown(f"{name} of a value that is not known")
    return tried(FUNCTIONS[name], *args, **kwargs)
