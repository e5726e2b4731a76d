"""Chains of steps as Python text: attributes of `__init__`, statements of `forward`, whole classes.

This module does *not* choose anything but attribute names: which steps there are, in which form, is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from generator.grammar.derivation import Choices
from generator.grammar.layers import Step
from generator.grammar.vocabulary import Names

LINE_LENGTH = 96
SHARED_ROLES = frozenset({"act", "pool", "drop"})
"""Roles without parameters: equal modules share one attribute."""

BODY = " " * 8


def indented(lines: Sequence[str]) -> list[str]:
    """Return `lines` at the depth of a method's body."""
    return [BODY + line for line in lines]


def sequential(steps: Sequence[Step], opening: str = "nn.Sequential(") -> list[str]:
    """Return an `nn.Sequential` of `steps` as an expression, on one line where it fits."""
    modules = [module for step in steps for module in step.modules]
    line = f"{opening}{', '.join(modules)})"
    if len(line) <= LINE_LENGTH - 28:
        return [line]
    return [opening, *(f"    {module}," for module in modules), ")"]


def can_be_sequential(steps: Sequence[Step]) -> bool:
    """Return whether every step can stand inside `nn.Sequential`."""
    return all(step.modules and not step.setup and not step.loop for step in steps)


def roles_of(steps: Sequence[Step]) -> list[str]:
    """Return the roles of the attributes that `steps` need when written out, shared ones once."""
    parts = [part for step in steps for part in step.parts]
    shared = list(dict.fromkeys(part for part in parts if part[0] in SHARED_ROLES))
    return [role for role, _ in shared] + [role for role, _ in parts if role not in SHARED_ROLES]


@dataclass
class Writer:
    """Collects one class body while chains are written into it.

    Attributes:
        names: Gives the attribute names.
        setup: Lines of `__init__`, without indentation.
        statements: Lines of `forward` before its return, without indentation.
        value: The current expression.
    """

    names: Names
    setup: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    value: str = "x"
    _shared: dict[tuple[str, str], str] = field(default_factory=dict)

    def attribute(self, role: str, lines: Sequence[str]) -> str:
        """Add the attribute whose value is the expression `lines`; return its name."""
        name = self.names.next(role)
        self.setup += [f"self.{name} = {lines[0]}", *lines[1:]]
        return name

    def _part(self, role: str, module: str) -> str:
        if role not in SHARED_ROLES:
            return self.attribute(role, [module])
        if (role, module) not in self._shared:
            self._shared[role, module] = self.attribute(role, [module])
        return self._shared[role, module]

    def settle(self, variable: str) -> None:
        """Assign the current expression to `variable`, unless it is a plain name already."""
        if not self.value.isidentifier():
            self.statements.append(f"{variable} = {self.value}")
            self.value = variable

    def write_out(self, steps: Sequence[Step], variable: str = "x") -> None:
        """Write `steps` as attributes and calls; intermediate results are assigned to `variable`."""
        for step in steps:
            self.setup += step.setup
            names = [self._part(role, module) for role, module in step.parts]
            # A method call would bind to the last summand only.
            sum_in_front = " + " in self.value and step.call.startswith("{x}.")
            if step.starts or step.loop or sum_in_front or step.call.count("{x}") > 1:
                self.settle(variable)
            if step.loop:
                self.statements += [
                    f"for m in self.{names[0]}:",
                    f"    {variable} = {step.call.format(x=self.value, m='m')}",
                ]
            else:
                self.value = step.call.format(*names, x=self.value)

    def write_sequential(self, role: str, steps: Sequence[Step]) -> None:
        """Write `steps` as one `nn.Sequential` attribute and its call."""
        name = self.attribute(role, sequential(steps))
        self.value = f"self.{name}({self.value})"


def block_class(name: str, arguments: Sequence[str], writer: Writer, result: str) -> list[str]:
    """Return the lines of the class `name` whose body `writer` holds and whose forward returns `result`."""
    return [
        f"class {name}(nn.Module):",
        f"    def __init__(self, {', '.join(arguments)}):",
        f"{BODY}super().__init__()",
        *indented(writer.setup),
        "",
        "    def forward(self, x):",
        *indented(writer.statements),
        f"{BODY}return {result}",
    ]


def write_chain(
    choices: Choices,
    steps: Sequence[Step],
    *,
    inline: bool,
    variable: str = "x",
    extra_roles: Sequence[str] = (),
) -> Writer:
    """Return a writer that holds `steps`, as one `nn.Sequential` if `inline`, else written out."""
    roles = [*(("body",) if inline else roles_of(steps)), *extra_roles]
    writer = Writer(Names(choices, roles))
    if inline:
        writer.write_sequential("body", steps)
    else:
        writer.write_out(steps, variable)
    return writer
