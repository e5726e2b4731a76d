"""The arms of a comparison, named by what differs from the closed loop. No other place names them.

An arm is who searches together with who teaches; runs of one arm differ by their seeds. This module does
*not* compare anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cycles.config.run import RunConfig
from cycles.config.teaching import Imported, Teachers
from finetune.config import Loss
from generator.config.strategy import StrategyConfig
from generator.prompts.asides import ASIDES
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
    "feedback": ArmName("feedback", "feedback memory", "memory"),
    "collm": ArmName("collm", "CoLLM-NAS", "CoLLM"),
    "llmastool": ArmName("llmastool", "LLMasTool", "LLMasTool"),
    "fairnad": ArmName("fairnad", "FairNAD", "FairNAD"),
    "agentnas": ArmName("agentnas", "AgentNAS", "AgentNAS"),
}
"""Strategies that have a name of their own in a comparison."""

_FORMS = {
    "edit": ArmName("edits", "edits", "edits"),
    "continuation": ArmName("continuations", "continuations", "continue"),
    "program": ArmName("programs", "whole programs", "programs"),
}
"""What edits are called, by what is asked for."""


_CHOOSERS = {"random": "chance", "model": "the model", "optuna": "Optuna"}


def arm_of(config: RunConfig) -> ArmName:
    """Return the arm that a run with this configuration belongs to."""
    arm = _plain_arm(config)
    for key, words, label in _variations(config):
        arm = ArmName(f"{arm.key}-{key}", f"{arm.words}, {words}", label)
    return arm


def _variations(config: RunConfig) -> Iterator[ArmName]:
    """Yield in what a run differs from its plain arm."""
    teaching, strategy, generator = config.teaching, config.strategy, config.generator
    if config.learns and (loss := config.finetune.loss) is not Loss.SFT:
        yield ArmName(loss, f"by {loss.upper()}", loss.upper())
    if config.learns and teaching.imported is not Imported.NONE:
        yield ArmName("imported", "with imported teachers", "imported")
        if teaching.imported_first:
            yield ArmName("first", "who teach before the first cycle too", "first")
    if config.learns and teaching.guard:
        yield ArmName("guarded", "guarded", "guarded")
    if config.learns and teaching.late:
        yield ArmName("late", "a cycle late", "late")
    if strategy.blocks:
        yield ArmName(f"blocks-{strategy.blocks_by}", f"shown blocks by {strategy.blocks_by}", "blocks")
    for what in ASIDES:
        if (chooser := getattr(strategy, what)) != "protocol":
            yield ArmName(f"{what}-{chooser}", f"{what} by {_CHOOSERS[chooser]}", chooser)
    if (samples := generator.samples_per_place) > 1:
        by = generator.ranked_by
        yield ArmName(f"best-of-{samples}-by-{by}", f"best of {samples} by {by}", by[:9])
    if generator.redraw_broken:
        yield ArmName("redrawn", "the broken drawn again", "redrawn")
    if config.stopping.strong is not None:
        yield ArmName("stopping", "ended early", "stopping")


def _plain_arm(config: RunConfig) -> ArmName:
    """Return the arm by who searches and who teaches alone."""
    strategy, teachers = config.strategy, config.teaching.by
    if strategy.name == "closed-loop":
        return _TAUGHT[teachers]
    name = strategy.name.rpartition(".")[2]
    arm = _SEARCHES.get(name, ArmName(name, name.replace("-", " ").replace("_", " "), name[:9]))
    if strategy.name == "edits":
        arm = _edits(strategy)
    if strategy.over_space and strategy.space != "grammar":
        arm = ArmName(f"{arm.key}-{strategy.space}", f"{arm.words} over {strategy.space}", arm.label)
    if listed(strategy.name).asks_model and strategy.llm == "none":
        arm = ArmName(f"{arm.key}-ruled", f"{arm.words} by rules", arm.label)
    if teachers is not Teachers.NOBODY:
        arm = ArmName(f"{arm.key}-{teachers}", f"{arm.words}, taught by {teachers}", arm.label)
    return arm


def _edits(strategy: StrategyConfig) -> ArmName:
    """Return what edits are called by what is asked for, and whether failures are mended."""
    arm = _FORMS[strategy.form]
    if strategy.settings.get("repairs"):
        arm = ArmName(f"{arm.key}-repairs", f"{arm.words} with repairs", f"{arm.label[:4]}+fix")
    return arm


def in_order(arms: set[ArmName]) -> list[ArmName]:
    """Return arms in the order in which people read them: the closed loop first, its controls after it."""
    known = [*_TAUGHT.values(), _RANDOM, _EVOLUTION]
    return sorted(arms, key=lambda arm: (known.index(arm) if arm in known else len(known), arm))
