"""What the layers of a program are made of: which API a class, a function or a `self.` attribute stands for.

Names are resolved through the program's imports and its own classes, so a squeeze-excite block that hides in
a helper class is still seen. This module does *not* follow values through `forward`
(`corpus.programs.dataflow` does).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from corpus.programs.tokens import imported_names, outside_name

Function = ast.FunctionDef | ast.AsyncFunctionDef
CONVOLUTION = "convolution"
GATE = "gate"
GLOBAL_POOL = "global-pool"
PRODUCT = "product"
SOFTMAX = "softmax"

_TRAITS = {
    GLOBAL_POOL: (
        "adaptive_avg_pool",
        "adaptive_max_pool",
        "adaptiveavgpool",
        "adaptivemaxpool",
        "mean",
        "amax",
    ),
    GATE: ("sigmoid", "hardsigmoid", "softmax"),
    SOFTMAX: ("softmax",),
    PRODUCT: ("matmul", "bmm", "einsum"),
    CONVOLUTION: ("conv1d", "conv2d", "conv3d", "convtranspose", "conv_transpose", "lazyconv"),
}


def traits_of(name: str) -> frozenset[str]:
    """Return the traits of one API name, such as `torch.nn.Sigmoid` or the tensor method `mean`."""
    last = name.rpartition(".")[2].lower()
    return frozenset(trait for trait, stems in _TRAITS.items() if last.startswith(stems))


def is_pooling(name: str) -> bool:
    """Return whether an API name only pools: its output is a smaller picture of its input."""
    last = name.rpartition(".")[2].lower()
    return "pool" in last or last in {"mean", "amax", "flatten"}


@dataclass
class Layers:
    """The declared classes and functions of a program, and what they are made of."""

    imports: dict[str, str]
    classes: dict[str, ast.ClassDef]
    functions: dict[str, Function]
    _traits: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: ast.Module) -> Layers:
        """Return the layers of a whole program."""
        nodes = list(ast.walk(tree))
        return cls(
            imports=imported_names(tree),
            classes={node.name: node for node in nodes if isinstance(node, ast.ClassDef)},
            functions={node.name: node for node in tree.body if isinstance(node, Function)},
        )

    def api_names(self, node: ast.AST) -> Iterator[str]:
        """Yield the outside names that stand in `node`: imported ones, and methods that are called."""
        for child in ast.walk(node):
            if isinstance(child, ast.Attribute | ast.Name) and (name := outside_name(child, self.imports)):
                yield name
            elif isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute):
                yield child.func.attr

    def traits_in(self, node: ast.AST) -> frozenset[str]:
        """Return the traits of all that `node` names, through the program's own classes and functions."""
        found = frozenset[str]().union(*(traits_of(name) for name in self.api_names(node)))
        for child in ast.walk(node):
            if isinstance(child, ast.Name):
                found |= self._declared_traits(child.id)
        return found

    def attributes(self, owner: ast.ClassDef) -> dict[str, ast.AST]:
        """Return what each `self.` attribute of a class is set to, and its methods."""
        methods = [node for node in owner.body if isinstance(node, Function)]
        found: dict[str, ast.AST] = {method.name: method for method in methods}
        for node in ast.walk(owner):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Attribute):
                        found[target.attr] = node.value
        return found

    def _declared_traits(self, name: str) -> frozenset[str]:
        if name not in self._traits:
            self._traits[name] = frozenset()  # ends the recursion where classes name each other
            declared = self.classes.get(name) or self.functions.get(name)
            if declared is not None:
                self._traits[name] = frozenset[str]().union(*(self.traits_in(part) for part in declared.body))
        return self._traits[name]
