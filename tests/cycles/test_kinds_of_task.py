"""Whole runs, by the command line, over one task of every kind: each search ends with valid programs.

Programs see an eighth of the images, so the bar is half of a constant answer's score: a run is tried here,
not how much its networks learn.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.ledger.reader import Ledger
from corpus.records.candidates import Origin
from cycles.carrying import carrier_of
from evaluator.tasks import task_names
from tests.cycles.test_cli import archloop

TASKS = ("shapes-labels", "shapes-masks", "darcy", "waves", "motifs")
SMALL = (
    *("evaluator.train_images=640", "evaluator.batch_size=16", "evaluator.below_chance_factor=0.5"),
    "corpus.seed_programs=4",
)
SPACE = ("cycles=1", "candidates=4", "teaching.by=nobody")
SEARCHES = {
    "closed loop": ("cycles=2", "candidates=24", "finetune.max_steps=2"),
    "random over the grammar": ("strategy.name=random", *SPACE),
    "random over trees": ("strategy.name=random", "strategy.space=trees", "corpus.novelty=key", *SPACE),
    "evolution over cells": ("strategy.name=evolution", "strategy.space=cells", "corpus.novelty=key", *SPACE),
}
QUICK = {("darcy", "evolution over cells")}
CASES = [
    pytest.param(task, search, marks=[] if (task, search) in QUICK else pytest.mark.slow)
    for task in TASKS
    for search in SEARCHES
]


@pytest.mark.skipif(not {*TASKS} <= {*task_names()}, reason="not every task is in the catalogue")
@pytest.mark.parametrize(("task", "search"), CASES)
def test_every_search_ends_with_valid_programs(task: str, search: str, tmp_path: Path) -> None:
    settings = (f"evaluator.task={task}", *SMALL, *SEARCHES[search])
    overrides = [word for setting in settings for word in ("--set", setting)]
    done = archloop("run", "--preset", "smoke", "--out", tmp_path / "run", *overrides, timeout=1800)
    assert done.returncode == 0, done.stderr
    with Ledger.open(tmp_path / "run" / "corpus.db") as ledger:
        evaluations = ledger.evaluations()
        written = ledger.candidates(origin=Origin.SAMPLED)
        carrier = carrier_of(ledger)
    assert len(evaluations) == len(written)
    assert any(each.valid for each in evaluations), [(each.status, each.error) for each in evaluations]
    assert carrier.shape is not None and not carrier.shape.plain
    assert not any("Carried by archloop" in (each.source or "") for each in written)
