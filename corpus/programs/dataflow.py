"""Which blocks the values of a `forward` form: sums, products and concatenations of what came from one input.

A light symbolic reading: every value knows which earlier values it was computed from, and through what kind
of layers. Loops are read once, both arms of a branch one after the other. It does *not* run anything, and a
construction built from strings or from `getattr` is invisible to it.

Sets of values are whole numbers with a bit for each, so that a function of thousands of values is read in
time that grows with its length.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import count
from operator import and_

from corpus.programs.apis import GATE, GLOBAL_POOL, PRODUCT, SOFTMAX, Function, Layers, is_pooling, traits_of
from corpus.programs.tokens import outside_name

_NOT_TENSORS = {"size", "dim", "numel", "shape", "device", "dtype", "ndim"}
_RESHAPES = {
    "view",
    "reshape",
    "flatten",
    "squeeze",
    "unsqueeze",
    "expand",
    "expand_as",
    "contiguous",
    "view_as",
}
_MAX_BRANCHES = 64
_CONCATENATIONS = {"torch.cat", "torch.concat", "torch.concatenate"}


@dataclass(eq=False)
class Flow:
    """One value: what it came from, and through what.

    Attributes:
        origins: The values that it was computed from, itself included: a bit for each.
        itself: Its own bit.
        traits: Traits of the layers on the way.
        pooled: Whether the last step was a pooling.
        members: Of a list of values, what it holds; None for a tensor.
        held: The bits of its members.
        many: Whether a list stands for any number of like members.
    """

    origins: int
    itself: int
    traits: frozenset[str] = frozenset()
    pooled: bool = False
    members: list[Flow] | None = None
    held: int = 0
    many: bool = False


@dataclass
class FlowReader:
    """Reads one function and collects in `families` what it finds.

    Attributes:
        layers: The program's layers.
        attributes: What the `self.` attributes and methods of the function's class are.
        families: The families found so far.
    """

    layers: Layers
    attributes: dict[str, ast.AST]
    families: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._ids = count()
        self._values: dict[str, Flow | None] = {}
        self._callables: dict[str, ast.AST] = {}

    def read(self, function: Function) -> None:
        """Read the body of `function`, with every parameter but `self` as an input."""
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        self._values = {a.arg: self._flow() for a in arguments if a.arg != "self"}
        for statement in function.body:
            self._statement(statement)

    def _flow(self, *parents: Flow | None, traits: frozenset[str] = frozenset()) -> Flow:
        known = [parent for parent in parents if parent is not None]
        itself = origins = 1 << next(self._ids)
        for parent in known:
            origins |= parent.origins
        return Flow(origins, itself, traits.union(*(parent.traits for parent in known)))

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                flow = self._value(value)
                for target in targets:
                    self._bind(target, flow)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, self._value(value))
            case ast.AugAssign(target=target, op=op, value=value):
                self._bind(target, self._binary(self._value(target), op, self._value(value)))
            case ast.For(target=target, iter=source):
                self._bind_loop(target, source)
        if isinstance(node, ast.Expr | ast.Return) and node.value is not None:
            self._value(node.value)
        for name in ("body", "orelse", "finalbody"):
            for statement in getattr(node, name, []):
                if not isinstance(node, Function | ast.ClassDef):
                    self._statement(statement)

    def _bind(self, target: ast.expr, flow: Flow | None) -> None:
        if isinstance(target, ast.Name):
            self._values[target.id] = flow
        elif isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self._bind(element, flow)

    def _bind_loop(self, target: ast.expr, source: ast.expr) -> None:
        """Bind a loop's variables to the values, or to the layers, that they run over."""
        flow = self._value(source)
        for name in (node.id for node in ast.walk(target) if isinstance(node, ast.Name)):
            self._values[name] = flow
            self._callables[name] = source

    def _value(self, node: ast.expr) -> Flow | None:
        match node:
            case ast.Name(id=name):
                return self._values.get(name)
            case ast.Attribute(attr=name, value=value):
                return None if name in _NOT_TENSORS else self._value(value)
            case ast.Subscript(value=value) | ast.Starred(value=value) | ast.UnaryOp(operand=value):
                return self._value(value)
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(self._value(left), op, self._value(right))
            case ast.IfExp(body=left, orelse=right):
                return self._joined(self._value(left), self._value(right))
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return self._collection(elements)
            case (
                ast.ListComp(elt=element, generators=generators)
                | ast.GeneratorExp(elt=element, generators=generators)
            ):
                for generator in generators:
                    self._bind_loop(generator.target, generator.iter)
                inner = self._value(element)
                return self._list([inner], many=True) if inner else None
            case ast.Call():
                return self._call(node)
        return None

    def _collection(self, elements: list[ast.expr]) -> Flow | None:
        flows = [flow for element in elements if (flow := self._value(element))]
        many = any(isinstance(element, ast.Starred) for element in elements)
        # An empty list may be filled later; an empty tuple stays empty.
        return self._list(flows, many=many) if flows or not elements else None

    def _list(self, members: Sequence[Flow | None], *, many: bool = False) -> Flow:
        flow = self._flow(*members)
        flow.members, flow.many = [member for member in members if member], many
        for member in flow.members:
            flow.held |= member.itself
        return flow

    def _joined(self, left: Flow | None, right: Flow | None) -> Flow | None:
        return self._flow(left, right) if left or right else None

    def _binary(self, left: Flow | None, op: ast.operator, right: Flow | None) -> Flow | None:
        if left and right and left.origins & right.origins:
            if isinstance(op, ast.Add):
                self.families.add("residual")
            elif isinstance(op, ast.Mult) and any(
                {GLOBAL_POOL, GATE} <= flow.traits for flow in (left, right)
            ):
                self.families.add("squeeze_excite")
        joined = self._joined(left, right)
        if joined and isinstance(op, ast.MatMult):
            joined.traits |= {PRODUCT}
        return joined

    def _call(self, node: ast.Call) -> Flow | None:
        function = node.func
        arguments = [self._value(argument) for argument in node.args]
        arguments += [self._value(keyword.value) for keyword in node.keywords]
        name = outside_name(function, self.layers.imports) or ""
        receiver = None
        if not name and isinstance(function, ast.Attribute):
            receiver = self._value(function.value)
            if receiver and receiver.members is not None and function.attr in {"append", "extend", "insert"}:
                self._grow(receiver, arguments)
                return None
            if function.attr in _NOT_TENSORS:
                return None
            name = function.attr if receiver else ""
        if name in _CONCATENATIONS:
            return self._concatenation(arguments[0] if arguments else None)
        operands = [receiver, *arguments] if receiver else arguments
        if name.rpartition(".")[2] in {"add", "mul", "add_", "mul_"} and len(operands) >= 2:
            op = ast.Add() if "add" in name else ast.Mult()
            return self._binary(operands[0], op, operands[1])
        if not any(operands):
            return None
        traits = traits_of(name) | self._callee_traits(function)
        flow = self._flow(*operands, traits=traits)
        if SOFTMAX in traits and PRODUCT in flow.traits:
            self.families.add("attention")
        reshaped = receiver is not None and receiver.pooled and name in _RESHAPES
        flow.pooled = reshaped or self._only_pools(function, name)
        return flow

    def _callee(self, function: ast.AST) -> ast.AST | None:
        """Return what made the thing called: the value of `self.block`, or what a loop runs over."""
        match function:
            case ast.Name(id=name) if name in self._callables:
                return self._callee(self._callables[name])
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                return self.attributes.get(name)
            case ast.Subscript(value=value):
                return self._callee(value)
        return function

    def _callee_traits(self, function: ast.expr) -> frozenset[str]:
        made_by = self._callee(function)
        return self.layers.traits_in(made_by) if made_by is not None else frozenset()

    def _only_pools(self, function: ast.expr, name: str) -> bool:
        if name:
            return is_pooling(name)
        made_by = self._callee(function)
        return made_by is not None and self.layers.only_pools(made_by)

    def _concatenation(self, argument: Flow | None) -> Flow | None:
        if argument is None:
            return None
        members = (argument.members or [])[:_MAX_BRANCHES]
        # An average beside a maximum is a head, not an inception block.
        several = (len(members) > 1 or argument.many) and not all(member.pooled for member in members)
        together = sum({member.itself for member in members})
        if any(member.origins & (together ^ member.itself) for member in members):
            self.families.add("dense")
        elif several and reduce(and_, (member.origins for member in members), -1):
            self.families.add("inception")
        return self._flow(argument)

    def _grow(self, values: Flow, added: list[Flow | None]) -> None:
        for flow in added:
            if flow is None or values.members is None:
                continue
            if flow.origins & (values.held | values.itself):
                self.families.add("dense")
            values.members.append(flow)
            values.held |= flow.itself
            values.origins |= flow.origins
            values.traits |= flow.traits
            values.many = True
