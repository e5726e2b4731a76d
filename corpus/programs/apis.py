"""What the layers of a program are made of: which API a class, a function or a `self.` attribute stands for.

Names are resolved through the program's imports and its own classes, so a squeeze-excite block that hides in
a helper class is still seen. Everything is summed up once, from the leaves of the syntax tree to its root, so
that a question about a part costs no walk through it. This module does *not* follow values through `forward`
(`corpus.programs.dataflow` does).
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

from corpus.programs.tokens import imported_names, outside_name

Function = ast.FunctionDef | ast.AsyncFunctionDef
Declaration = Function | ast.ClassDef
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

# What the names in a part of a program show, as bits, so that a part's is the sum of its children's.
_TRAIT_BITS = {trait: 1 << place for place, trait in enumerate(_TRAITS)}
_ALL_TRAITS = sum(_TRAIT_BITS.values())
_POOLING = 1 << len(_TRAITS)
_OTHER = _POOLING << 1
_CONCATENATION = _OTHER << 1


@lru_cache(maxsize=4096)
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
    _apis: dict[ast.AST, int] = field(default_factory=dict)
    _traits: dict[ast.AST, int] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: ast.Module) -> Layers:
        """Return the layers of a whole program."""
        nodes = list(ast.walk(tree))  # parents before their children
        layers = cls(
            imports=imported_names(tree),
            classes={node.name: node for node in nodes if isinstance(node, ast.ClassDef)},
            functions={node.name: node for node in tree.body if isinstance(node, Function)},
        )
        layers._apis = _summed_up(nodes, {node: _shown_by(name) for node, name in layers._named(nodes)})
        declared = layers._declared_traits(tree)
        used: dict[ast.AST, int] = {
            node: declared.get(node.id, 0) for node in nodes if isinstance(node, ast.Name)
        }
        layers._traits = _summed_up(nodes, used)
        return layers

    def api_names(self, tree: ast.AST) -> Iterator[str]:
        """Yield the outside names that stand in `tree`: imported ones, and methods that are called."""
        return (name for _, name in self._named(ast.walk(tree)))

    def traits_in(self, node: ast.AST) -> frozenset[str]:
        """Return the traits of all that `node` names, through the program's own classes and functions."""
        return _trait_names((self._apis[node] | self._traits[node]) & _ALL_TRAITS)

    def only_pools(self, node: ast.AST) -> bool:
        """Return whether `node` names layers, containers aside, and each of them only pools."""
        return self._apis[node] & (_POOLING | _OTHER) == _POOLING

    def concatenates(self, node: ast.AST) -> bool:
        """Return whether `torch.cat` stands in `node`."""
        return bool(self._apis[node] & _CONCATENATION)

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

    def declaration(self, name: str) -> Declaration | None:
        """Return the class or module-level function called `name`, if the program declares it."""
        return self.classes.get(name) or self.functions.get(name)

    def _named(self, nodes: Iterator[ast.AST] | list[ast.AST]) -> Iterator[tuple[ast.AST, str]]:
        for node in nodes:
            if isinstance(node, ast.Attribute | ast.Name) and (name := outside_name(node, self.imports)):
                yield node, name
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield node, node.func.attr

    def _declared_traits(self, tree: ast.Module) -> dict[str, int]:
        """Return the traits of every declaration's body, those of the declarations that it names included."""
        users: defaultdict[str, set[str]] = defaultdict(set)
        for name, user in self._uses(tree):
            users[name].add(user)
        found = {name: self._body_traits(name) for name in self.classes.keys() | self.functions.keys()}
        waiting = [name for name in found if found[name]]
        while waiting:  # a declaration comes back only with a new trait: at most once for each
            name = waiting.pop()
            for user in users[name] - {""}:
                if found[name] & ~found[user]:
                    found[user] |= found[name]
                    waiting.append(user)
        return found

    def _body_traits(self, name: str) -> int:
        declared = self.declaration(name)
        traits = 0
        for part in [] if declared is None else declared.body:
            traits |= self._apis[part] & _ALL_TRAITS
        return traits

    def _uses(self, tree: ast.Module) -> Iterator[tuple[str, str]]:
        """Yield what is named, or declared, in the body of which declaration; of none is `""`."""
        waiting: list[tuple[ast.AST, str]] = [(tree, "")]
        while waiting:
            node, user = waiting.pop()
            inner, body = user, set[ast.AST]()
            if isinstance(node, Declaration) and self.declaration(node.name) is node:
                inner, body = node.name, set(node.body)
                yield node.name, user
            elif isinstance(node, ast.Name) and self.declaration(node.id):
                yield node.id, user
            waiting += ((child, inner if child in body else user) for child in ast.iter_child_nodes(node))


def _summed_up(nodes: list[ast.AST], own: Mapping[ast.AST, int]) -> dict[ast.AST, int]:
    """Return for each node what it and all below it show; `nodes` has parents before their children."""
    found: dict[ast.AST, int] = {}
    for node in reversed(nodes):
        shown = own.get(node, 0)
        for child in ast.iter_child_nodes(node):
            shown |= found[child]
        found[node] = shown
    return found


@lru_cache(maxsize=4096)
def _shown_by(name: str) -> int:
    shown = sum(_TRAIT_BITS[trait] for trait in traits_of(name))
    if not name.startswith("_") and name.rpartition(".")[2] != "Sequential":
        shown |= _POOLING if is_pooling(name) else _OTHER
    return shown | (_CONCATENATION if name == "torch.cat" else 0)


@cache
def _trait_names(shown: int) -> frozenset[str]:
    return frozenset(trait for trait, bit in _TRAIT_BITS.items() if shown & bit)
