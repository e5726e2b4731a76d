"""The LEMUR program contract, and where a program's text shows that it is broken.

    supported_hyperparameters() -> set of names        class Net(nn.Module)
        __init__(in_shape, out_shape, prm, device)     forward(x)
        train_setup(prm)                               learn(train_data)

Whoever runs a program takes both names from the module and calls them, so it does not matter how they got
there: by `def`, `class`, an assignment or an import, in a branch or not; and methods may be inherited,
assigned, or set on the class later. What the text cannot show is no breach: it comes to light when the
program is built. Whether a call *fits* is judged where the text shows the function that is called.

This module does *not* run anything, and it does not say whether a program works.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus.programs.definitions import Class, Definition, Outside, Value, module_names
from corpus.records.evaluations import EvaluationStatus

FACTORY = "supported_hyperparameters"
NETWORK = "Net"
METHODS = {
    "__init__": ("in_shape", "out_shape", "prm", "device"),
    "forward": ("x",),
    "train_setup": ("prm",),
    "learn": ("train_data",),
}
"""Methods of `Net` and what they are called with, `self` aside."""

_CONTAINERS: dict[str, frozenset[str]] = {
    "Module": frozenset(),
    "ModuleDict": frozenset(),
    "ModuleList": frozenset(),
    "ParameterDict": frozenset(),
    "ParameterList": frozenset(),
    "Sequential": frozenset({"forward"}),
}
"""Bases from `torch.nn`, and which of the four methods they bring along; none has an `__init__` that fits."""

_HOOKS = {"__getattr__", "__getattribute__", "__init_subclass__", "__new__"}
"""With one of these a class or a module may have what its text does not name."""


@dataclass(frozen=True)
class Breach:
    """What keeps a program from being run, and where.

    Attributes:
        status: The status that the evaluation ends with.
        message: For people and models alike.
        line: Line of the source, from 1; None when something is missing.
    """

    status: EvaluationStatus
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}: {self.message}"


def syntax_breach(error: SyntaxError) -> Breach:
    """Return what a text that has no syntax tree is to be told."""
    return Breach(EvaluationStatus.SYNTAX_ERROR, error.msg or "invalid syntax", error.lineno)


def breaches(tree: ast.Module) -> Iterator[Breach]:
    """Yield every breach of the contract that the text shows, in the contract's order."""
    found = list(_suspicions(tree))
    excused = _set_while_running(tree) if found else set()
    yield from (breach for part, breach in found if part not in excused)


def defines_network(tree: ast.Module) -> bool:
    """Return whether a program has a `Net` of any kind, or may have one that its text does not show."""
    return NETWORK in module_names(tree) or NETWORK in _set_while_running(tree)


def _suspicions(tree: ast.Module) -> Iterator[tuple[str, Breach]]:
    """Yield what the definitions lack, each with the part of the contract that it concerns."""
    names = module_names(tree)
    factory, network = names.get(FACTORY), names.get(NETWORK)
    if factory is None:
        yield FACTORY, _breach(f"there is no module-level function {FACTORY}()")
    else:
        yield from ((FACTORY, breach) for breach in _misfits(factory, (), FACTORY))
    if network is None:
        yield NETWORK, _breach(f"there is no module-level class {NETWORK}")
    elif isinstance(network, Class):
        yield from _class_suspicions(network)
    else:
        yield from ((NETWORK, breach) for breach in _misfits(network, METHODS["__init__"], NETWORK))


def _class_suspicions(network: Class) -> Iterator[tuple[str, Breach]]:
    ancestry = network.ancestry()
    if all(isinstance(each, Class) or _is_object(each) for each in ancestry):
        yield NETWORK, _breach(f"{NETWORK} must derive from torch.nn.Module", network.node)
    for name, arguments in METHODS.items():
        method = _inherited(ancestry, name)
        if method is None:
            message = f"{NETWORK} has no method {name}({', '.join(arguments)})"
            yield name, _breach(message, network.node)
        else:
            misfits = _misfits(method, ("self", *arguments), f"{NETWORK}.{name}")
            yield from ((name, breach) for breach in misfits)


def _inherited(ancestry: Sequence[Definition], name: str) -> Definition | None:
    """Return the first definition of a method, `Outside` where a base of another file may have it."""
    for each in ancestry:
        if isinstance(each, Class):
            if name in each.members:
                return each.members[name]
        elif not _is_object(each) and name in _brought_along(each):
            return Outside()
    return None


def _is_object(base: Definition) -> bool:
    return isinstance(base, Outside) and base.name == "object"


def _brought_along(base: Definition) -> frozenset[str]:
    """Return the methods that a base may have which is no class of the program."""
    package, _, name = base.name.rpartition(".") if isinstance(base, Outside) else ("", "", "")
    from_torch = package == "torch.nn" or package.startswith("torch.nn.modules")
    return _CONTAINERS[name] if from_torch and name in _CONTAINERS else frozenset(METHODS)


def _misfits(definition: Definition, expected: tuple[str, ...], name: str) -> Iterator[Breach]:
    """Check that a definition can be called with `expected` positional arguments and with nothing else."""
    if isinstance(definition, Value):
        yield _breach(f"{name} must be something to call", definition.node)
    if isinstance(definition, Class | Outside | Value):
        return
    if isinstance(definition, ast.AsyncFunctionDef):
        yield _breach(f"{name} must not be async", definition)
    arguments = definition.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    keyword_only = any(default is None for default in arguments.kw_defaults)
    fits = required <= len(expected) and (len(positional) >= len(expected) or arguments.vararg is not None)
    if not fits or keyword_only:
        found = ", ".join(argument.arg for argument in positional)
        yield _breach(f"{name} must take ({', '.join(expected)}), it takes ({found})", definition)


def _breach(message: str, node: ast.stmt | ast.expr | None = None) -> Breach:
    return Breach(EvaluationStatus.CONTRACT_ERROR, message, node.lineno if node else None)


def _set_while_running(tree: ast.Module) -> set[str]:
    """Return the parts of the contract that the program may define by other means than a definition."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.NamedExpr(target=ast.Name(id=name)):
                found.add(name)
            case ast.Global(names=names):
                found.update(names)
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(name)), *_]):
                found.add(name)
            case ast.Call(func=ast.Name(id="setattr")):
                found.update(METHODS)
            case ast.alias(name="*") | ast.Name(id="exec" | "globals"):
                found |= {FACTORY, NETWORK}
            case ast.FunctionDef(name="__call__"):
                found.add("forward")
            case ast.FunctionDef(name=name) if name in _HOOKS:
                found |= {FACTORY, NETWORK, *METHODS}
    return found
