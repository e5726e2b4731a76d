"""The arms of a comparison, named by what differs from the closed loop. No other place names them.

An arm is who searches together with who teaches; runs of one arm differ by their seeds. This module does
*not* compare anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cycles.config.run import RunConfig
from cycles.config.teaching import Teachers
from generator.strategies.catalogue import listed


class ArmName(NamedTuple):
    """What an arm is called.

    Attributes:
        key: For files and style sheets: letters and hyphens.
        words: For sentences.
        label: For the end of a line in a chart, which has room for nine letters.
    """

    key: str
    words: str
    label: str


CLOSED_LOOP = ArmName("loop", "closed loop", "loop")
"""The arm that all others are a control of."""

_TAUGHT = {
    Teachers.WINNERS: CLOSED_LOOP,
    Teachers.RANDOM_VALID: ArmName("random-valid", "random-valid control", "any valid"),
    Teachers.NOBODY: ArmName("frozen", "frozen control", "frozen"),
}
"""The closed loop by who teaches."""

_RANDOM = ArmName("random-search", "random search", "random")
_EVOLUTION = ArmName("evolution", "regularised evolution", "evolution")
_SEARCHES = {
    "random": _RANDOM,
    "evolution": _EVOLUTION,
    "collm": ArmName("collm", "CoLLM-NAS", "CoLLM"),
    "llmastool": ArmName("llmastool", "LLMasTool", "LLMasTool"),
    "fairnad": ArmName("fairnad", "FairNAD", "FairNAD"),
    "agentnas": ArmName("agentnas", "AgentNAS", "AgentNAS"),
    "edits": ArmName("edits", "edits", "edits"),
}
"""Strategies that have a name of their own in a comparison."""


def arm_of(config: RunConfig) -> ArmName:
    """Return the arm that a run with this configuration belongs to."""
    arm = _timely_arm(config)
    if config.learns and config.teaching.late:
        arm = ArmName(f"{arm.key}-late", f"{arm.words}, a cycle late", "late")
    if config.stopping.strong is not None:
        arm = ArmName(f"{arm.key}-stopping", f"{arm.words}, ended early", "stopping")
    return arm


def _timely_arm(config: RunConfig) -> ArmName:
    """Return the arm as it is called where nobody teaches late."""
    strategy, teachers = config.strategy, config.teaching.by
    if strategy.name == "closed-loop":
        return _TAUGHT[teachers]
    name = strategy.name.rpartition(".")[2]
    arm = _SEARCHES.get(name, ArmName(name, name.replace("-", " ").replace("_", " "), name[:9]))
    if strategy.name == "edits":
        arm = _edits(strategy.settings)
    if strategy.over_space and strategy.space != "grammar":
        arm = ArmName(f"{arm.key}-{strategy.space}", f"{arm.words} over {strategy.space}", arm.label)
    if listed(strategy.name).asks_model and strategy.llm == "none":
        arm = ArmName(f"{arm.key}-ruled", f"{arm.words} by rules", arm.label)
    if teachers is not Teachers.NOBODY:
        arm = ArmName(f"{arm.key}-{teachers}", f"{arm.words}, taught by {teachers}", arm.label)
    return arm


def _edits(settings: Mapping[str, Any]) -> ArmName:
    """Return what edits are called by what is asked for, and whether failures are mended."""
    arm = _SEARCHES["edits"]
    if settings.get("form") == "program":
        arm = ArmName("programs", "whole programs", "programs")
    if settings.get("repairs"):
        arm = ArmName(f"{arm.key}-repairs", f"{arm.words} with repairs", f"{arm.label[:4]}+fix")
    return arm


def in_order(arms: set[ArmName]) -> list[ArmName]:
    """Return arms in the order in which people read them: the closed loop first, its controls after it."""
    known = [*_TAUGHT.values(), _RANDOM, _EVOLUTION]
    return sorted(arms, key=lambda arm: (known.index(arm) if arm in known else len(known), arm))
