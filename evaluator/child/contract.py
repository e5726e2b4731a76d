"""The LEMUR program contract, checked on the syntax tree: definitions and their signatures.

    supported_hyperparameters() -> set of names        class Net(nn.Module)
        __init__(in_shape, out_shape, prm, device)     forward(x)
        train_setup(prm)                               learn(train_data)

This module does *not* run anything. What hides from the syntax tree is caught when it is built.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

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

_PLAIN_BASES = {"Module", "object"}

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Finding:
    """What is wrong with a program, and where.

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


def contract_findings(tree: ast.Module) -> Iterator[Finding]:
    """Yield every breach of the contract that can be seen in the syntax tree."""
    functions = {node.name: node for node in tree.body if isinstance(node, FunctionNode)}
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if FACTORY not in functions:
        yield _breach(f"there is no module-level function {FACTORY}()")
    else:
        yield from _signature_findings(functions[FACTORY], (), FACTORY)
    if NETWORK not in classes:
        yield _breach(f"there is no module-level class {NETWORK}")
        return
    network = classes[NETWORK]
    if not network.bases:
        yield _breach(f"{NETWORK} must derive from torch.nn.Module", network)
    methods, complete = _methods(network, classes)
    for name, arguments in METHODS.items():
        if name in methods:
            yield from _signature_findings(methods[name], ("self", *arguments), f"{NETWORK}.{name}")
        elif complete:
            yield _breach(f"{NETWORK} has no method {name}({', '.join(arguments)})", network)


def _methods(network: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> tuple[dict[str, FunctionNode], bool]:
    """Return the methods of `network` and its bases in this program, and whether that must be all."""
    methods: dict[str, FunctionNode] = {}
    complete = True
    waiting, seen = [network], {network.name}
    while waiting:
        current = waiting.pop(0)
        for node in current.body:
            if isinstance(node, FunctionNode):
                methods.setdefault(node.name, node)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                complete = False  # `learn = shared_learn` also defines a method
        for base in current.bases:
            name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
            if name in classes and name not in seen:
                seen.add(name)
                waiting.append(classes[name])
            elif name not in classes and name not in _PLAIN_BASES:
                complete = False
    return methods, complete


def _signature_findings(node: FunctionNode, expected: tuple[str, ...], name: str) -> Iterator[Finding]:
    """Check that `node` can be called with `expected` positional arguments and with nothing else."""
    if isinstance(node, ast.AsyncFunctionDef):
        yield _breach(f"{name} must not be async", node)
    if any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in node.decorator_list):
        expected = tuple(argument for argument in expected if argument != "self")
    positional = [*node.args.posonlyargs, *node.args.args]
    required = len(positional) - len(node.args.defaults)
    keyword_only = any(default is None for default in node.args.kw_defaults)
    fits = required <= len(expected) and (len(positional) >= len(expected) or node.args.vararg is not None)
    if not fits or keyword_only:
        found = ", ".join(argument.arg for argument in positional)
        yield _breach(f"{name} must take ({', '.join(expected)}), it takes ({found})", node)


def _breach(message: str, node: ast.stmt | None = None) -> Finding:
    return Finding(EvaluationStatus.CONTRACT_ERROR, message, node.lineno if node else None)
