"""Mined modules that can be used, as the specs that trees are made of.

A module's *choices* are the arguments in which its working settings differ; what depends on them, as a
padding on its kernel, is set along. A combination that was not probed leads nowhere: `infer` returns None.
Roles are guessed from name and behaviour. Names are `nn.SiLU` for what comes with torch, and
`ConvNormAct-1a2b3c4d`, with the beginning of the module's id, for what a program has to carry; primitives
have lower-case words.

Probes are claims, so a spec promises nothing: a tree that holds it is probed as a whole. This module does
*not* mine or probe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType

from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import ChannelRelation, ModuleProbe
from generator.modules.findings import IDLE, parameters_by
from generator.modules.fitting import fitted_name, fitting, offered
from generator.modules.naming import call_of, ordered, own_name, own_text
from generator.modules.settings import IN, OUT, QUARTER
from generator.trees.nodes import Module, Value
from generator.trees.specs import Library, ModuleSpec, Role, Shape

_DIGITS = 8


def mined_library(modules: Iterable[MinedModule], probes: Iterable[ModuleProbe]) -> Library:
    """Return the modules that can be used, torch's own first, then in the order given.

    What does nothing in evaluation mode is left out: a recorded graph would not show that it is there. A
    setting that computes what another module's, or an earlier one of its own, computes already is left out:
    of twins the first stays.
    """
    by_module: dict[str, list[ModuleProbe]] = {}
    for probe in probes:
        by_module.setdefault(probe.module_id, []).append(probe)
    first = sorted(modules, key=lambda module: module.module is None)  # a stable sort
    seen: set[str] = set()
    specs = []
    for module in first:
        found = [each for each in by_module.get(module.id, []) if each.structure not in seen]
        spec = mined_spec(module, found)
        if spec is not None:
            specs.append(spec)
            seen.update(each.structure for each in found if each.usable and each.structure)
    return Library(specs)


def mined_name(module: MinedModule) -> str:
    """Return what trees call a mined module."""
    return own_name(module) if module.module is not None else f"{module.name}-{module.id[:_DIGITS]}"


def mined_spec(module: MinedModule, probes: Sequence[ModuleProbe]) -> ModuleSpec | None:
    """Return a module's spec, None where no probe says that it can be used.

    Args:
        module: The module.
        probes: Its probes; those that can be used and agree with the first of them on channels count.
    """
    usable = _distinct(
        probe.model_copy(update={"setting": ordered(module, probe.setting)})
        for probe in probes
        if probe.usable and probe.structure != IDLE
    )
    if not usable:
        return None
    try:
        text = own_text(module)
    except SyntaxError:
        return None
    usable = [each for each in usable if _same_channels(each, usable[0])]
    choices = _choices(usable)
    ways = _Ways(module, usable, choices)
    counted = all(each.formula is not None for each in usable)
    return ModuleSpec(
        name=mined_name(module),
        role=_role(module, usable),
        infer=ways.infer,
        write=ways.write,
        choices=MappingProxyType(choices),
        width=ways.width,
        count=ways.count if counted else None,
        text=text + fitting(module, usable[0]),
        origin=module.origin,
        licence=module.licence,
        primitive=False,
    )


class _Ways:
    """The settings that work, one of which the arguments of a tree's module pick."""

    def __init__(
        self, module: MinedModule, usable: Sequence[ModuleProbe], choices: dict[str, tuple[Value, ...]]
    ) -> None:
        self._module, self._called = module, fitted_name(module, usable[0])
        self._choices = choices
        self._by_choice = {
            tuple(_value(probe.setting[name]) for name in choices): probe for probe in reversed(usable)
        }
        free = _frees(usable[0])
        self.width = next((name for name, value in usable[0].setting.items() if value == OUT and free), None)

    def infer(self, shape: Shape, module: Module) -> Shape | None:
        probe = self._probe(module)
        if shape.flat or probe is None or min(shape.height, shape.width) < probe.smallest_side:
            return None
        leaving = self._leaving(probe, shape, module)
        if leaving < 1 or shape.channels % probe.divisor or leaving % probe.divisor:
            return None
        stride = probe.stride
        return Shape(leaving, -(-shape.height // stride), -(-shape.width // stride))

    def count(self, shape: Shape, module: Module) -> int:
        probe = self._probe(module)
        if probe is None or probe.formula is None:
            raise ValueError(f"{self._called} was not probed with {dict(module.arguments)}")
        return parameters_by(probe.formula, shape.channels, self._asked(shape, module))

    def write(self, shape: Shape, module: Module) -> str:
        probe = self._probe(module)
        if probe is None:
            raise ValueError(f"{self._called} was not probed with {dict(module.arguments)}")
        entering = shape.channels
        numbers = (str(entering), str(self._asked(shape, module)), str(entering // 4))
        return call_of(self._module, offered(probe), *numbers, called=self._called)

    def _probe(self, module: Module) -> ModuleProbe | None:
        key = tuple(_value(module.get(name, values[0])) for name, values in self._choices.items())
        return self._by_choice.get(key)

    def _asked(self, shape: Shape, module: Module) -> int:
        asked = module.get(self.width, shape.channels) if self.width else shape.channels
        return asked if isinstance(asked, int) else shape.channels

    def _leaving(self, probe: ModuleProbe, shape: Shape, module: Module) -> int:
        if probe.channels is ChannelRelation.MULTIPLE:
            return shape.channels * probe.multiple
        return self._asked(shape, module)


def _frees(probe: ModuleProbe) -> bool:
    """Return whether an argument sets how many channels leave."""
    if probe.channels is ChannelRelation.GROUPED and probe.probe_channels is not None:
        return probe.probe_channels[0] != probe.probe_channels[1]
    return probe.channels is ChannelRelation.FREE


def _same_channels(probe: ModuleProbe, first: ModuleProbe) -> bool:
    """Return whether two settings of a module name channels by the same arguments, and treat them alike."""
    named = [
        {name: value for name, value in each.setting.items() if value in (IN, OUT, QUARTER)}
        for each in (probe, first)
    ]
    alike = (probe.channels, probe.layout) == (first.channels, first.layout) and _frees(probe) == _frees(
        first
    )
    return alike and named[0] == named[1] and probe.setting.keys() == first.setting.keys()


def _distinct(probes: Iterable[ModuleProbe]) -> list[ModuleProbe]:
    """Return the probes whose networks differ, the first of each."""
    found: dict[object, ModuleProbe] = {}
    for place, probe in enumerate(probes):
        found.setdefault(probe.structure or place, probe)
    return list(found.values())


def _choices(usable: Sequence[ModuleProbe]) -> dict[str, tuple[Value, ...]]:
    """Return the arguments in which settings differ, but for those that others decide, first values first."""
    values = {
        name: [_value(probe.setting[name]) for probe in usable]
        for name, value in usable[0].setting.items()
        if value not in (IN, OUT, QUARTER)
    }
    chosen: dict[str, list[Value]] = {}
    for name, column in values.items():
        if len(set(column)) > 1 and not any(_decides(other, column) for other in chosen.values()):
            chosen[name] = column
    return {name: tuple(dict.fromkeys(column)) for name, column in chosen.items()}


def _decides(one: Sequence[Value], other: Sequence[Value]) -> bool:
    """Return whether each value of one argument goes with one value of the other."""
    return len(set(zip(one, other, strict=True))) == len(set(one))


def _value(value: object) -> Value:
    """Return a setting's value as a tree may hold it; what is no plain value stands as its text."""
    return value if value is None or isinstance(value, int | float | str) else repr(value)


_NAMED: tuple[tuple[Role, str], ...] = (
    ("block", r"Block|Bottle|Residual|Stage"),
    (
        "attention",
        r"[Aa]ttention|[Aa]tt(?:n|[A-Z]|$)|Squeeze|Excit|SE(?=[A-Z][a-z]|$)|C(?:bam|BAM)|E(?:ca|CA)|Gate(?!d)",
    ),
    ("regularisation", r"Drop(?:[Oo]ut|[Pp]ath|[Bb]lock)"),
    ("normalisation", r"Norm(?!.*Act)|^GRN$|BN$"),
    ("pooling", r"[Pp]ool"),
    ("block", r"Layer|Mixer|M(?:lp|LP)|Module|Unit|Cell|Norm|B(?:n|N)"),
    ("convolution", r"Conv"),
)
"""What a name says, the first that fits; our choice."""


def _role(module: MinedModule, usable: Sequence[ModuleProbe]) -> Role:
    """Return what a module is there for, by its name and by what it was seen to do."""
    name, first = module.name, usable[0]
    by_name = next((role for role, words in _NAMED if re.search(words, name)), None)
    if not first.parameters:
        if by_name in ("attention", "regularisation", "normalisation"):
            return by_name
        return "pooling" if by_name == "pooling" or first.stride > 1 else "activation"
    if by_name == "normalisation" and (first.stride > 1 or _frees(first) or first.flops):
        return "block"
    if by_name in ("pooling", "regularisation"):
        return "block"
    few = first.parameters <= (first.probe_channels or (0, 0))[0]
    if by_name is None and few and not first.flops and first.channels is ChannelRelation.SAME:
        return "activation"
    return by_name or "block"
