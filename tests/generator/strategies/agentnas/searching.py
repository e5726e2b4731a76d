"""A whole search of AgentNAS by a scripted model, which answers well where a test does not say otherwise."""

from __future__ import annotations

import re
from typing import Any

from corpus.records.search.proposals import DecidedBy, Proposal
from corpus.records.search.trials import Trial
from generator.spaces.trees import TreeSpace
from generator.strategies.agentnas.settings import Settings
from generator.strategies.agentnas.strategy import build
from tests.generator.strategies.agentnas.scripted import (
    MODULAR,
    SUMMARY,
    ScriptedBench,
    architecture,
    experiment,
    fenced,
    plan,
    slot_class,
)
from tests.generator.strategies.agentnas.test_agentnas import heard
from tests.generator.strategies.benches import REQUEST

SPACE = TreeSpace(REQUEST.shape, max_parameters=REQUEST.max_parameters)
SCRIPT = "```python\nprint(train_images.shape)\n```"
REPORT = "<REPORT>small dark things</REPORT>"
STOP = "<STOP><FINAL_SELECTION>arch_002</FINAL_SELECTION></STOP>"
SMALL = {"population": 4, "tournament": 2, "generations": 1, "assemblies": 4, "repairs": 2, "modular": 2}
LINES: dict[str, Any] = {
    "planner": ["<EXPLORE>look</EXPLORE>", experiment("narrow", "wide"), SUMMARY, STOP],
    "explorer": [SCRIPT, REPORT],
    "executor": [fenced(architecture(4)), fenced(architecture(8))],
    "modularizer": [f"```python\n{MODULAR.replace('WIDTH', '8')}```"],
    "slot planner": [plan()],
    "slot executor": slot_class,
}


def width(proposal: Proposal) -> float | None:
    found = re.search(r"nn.Conv2d\(1, (\d+)", str(proposal.program))
    wide = int(found[1]) / 100 if found else 0.01
    return None if proposal.program is None else min(1.0, wide + len(str(proposal.program)) / 1e6)


def searched(most: int = 400, **more: Any) -> tuple[ScriptedBench, list[Trial]]:
    """Return what came of a whole search: lines by role, else settings."""
    lines = {**LINES, **{name.replace("_", " "): said for name, said in more.pop("lines", {}).items()}}
    bench = ScriptedBench(lines)
    strategy = build(Settings(**{**SMALL, **more}), SPACE)
    return bench, heard(bench, strategy.search(bench), width, most)


def decisions(trial: Trial) -> dict[str, DecidedBy]:
    return {each.what: each.by for each in trial.candidate.decisions}
