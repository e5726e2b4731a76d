"""What a library of modules came to: by origin and licence, and for what reasons modules cannot be used.

Every figure is counted from the ledger's rows. This module does *not* read the ledger or print anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import ChannelRelation, ModuleProbe

_NUMBER = re.compile(r"\d+")
_LINE = re.compile(r"\bline \d+: ")
_LONGEST_REASON = 120


class Standing(NamedTuple):
    """What is known of one module.

    Attributes:
        module: The module.
        usable: Its settings that fit a tree of modules over images.
        tried: Whether it ever ran in the sandbox.
        reason: Why none of its settings fits, None where one does or where it was not probed yet.
    """

    module: MinedModule
    usable: tuple[ModuleProbe, ...]
    tried: bool
    reason: str | None


class Figures(NamedTuple):
    """How many modules there are of one origin and licence, or in all.

    Attributes:
        distinct: Modules, each but once however often it is written.
        carried: Those that stand on their own, as far as their text shows.
        tried: Those that ran in the sandbox.
        usable: Those that fit a tree of modules over images under some setting.
    """

    distinct: int
    carried: int
    tried: int
    usable: int


def standings(modules: Iterable[MinedModule], probes: Iterable[ModuleProbe]) -> list[Standing]:
    """Return what is known of each module, in their order."""
    by_module: dict[str, list[ModuleProbe]] = {}
    for probe in probes:
        by_module.setdefault(probe.module_id, []).append(probe)
    return [_standing(module, by_module.get(module.id, [])) for module in modules]


def _standing(module: MinedModule, probes: Sequence[ModuleProbe]) -> Standing:
    usable = tuple(probe for probe in probes if probe.usable)
    reason = shortfall(probes[0]) if probes and not usable else None
    return Standing(module, usable, any(probe.seconds > 0 for probe in probes), reason)


def shortfall(probe: ModuleProbe) -> str | None:
    """Return why a setting fits no tree, None where it does."""
    if probe.failure is not None:
        return probe.failure
    if probe.usable:
        return None
    if probe.rank != 4:
        return "it takes features, not images"
    if probe.channels is ChannelRelation.OTHER:
        return "how many channels leave follows no rule that trees know"
    return "the sides of what leaves neither stay nor halve"


def by_origin(known: Iterable[Standing]) -> dict[tuple[str, str], Figures]:
    """Return the figures of each origin and licence, in the order of their first module."""
    groups: dict[tuple[str, str], list[Standing]] = {}
    for each in known:
        groups.setdefault((each.module.origin, each.module.licence), []).append(each)
    return {name: figures_of(group) for name, group in groups.items()}


def figures_of(known: Sequence[Standing]) -> Figures:
    """Return the figures of some modules."""
    return Figures(
        len(known),
        sum(each.module.flaw is None for each in known),
        sum(each.tried for each in known),
        sum(bool(each.usable) for each in known),
    )


def reasons(known: Iterable[Standing]) -> list[tuple[str, int]]:
    """Return why modules cannot be used, and how many for each reason; numbers are all alike."""
    alike = (
        _NUMBER.sub("N", _LINE.sub("", each.reason))[:_LONGEST_REASON]
        for each in known
        if each.reason is not None
    )
    return Counter(alike).most_common()
