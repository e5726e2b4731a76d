"""A poisoned test split from the first moment of a run on: no stage before the last one can tell."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from corpus.ledger.reader import Ledger
from cycles.assembly import open_loop, start_run
from cycles.config.run import load_config
from cycles.final.opening import open_final
from cycles.final.settings import FinalSettings
from evaluator.tasks import Splits, catalogue
from tests.finals import Poison, PoisonTaken

MEASURED = {"wall_seconds", "cpu_seconds", "peak_memory_bytes"}
SETTINGS = FinalSettings(top=2, epochs=1, seeds=1)
TASK = "digits-clean"


def poison_the_test_split(patch: pytest.MonkeyPatch) -> None:
    """Have the task's loader give a test split that cannot be looked at, to every stage alike."""
    spec, load = catalogue._SELF_CONTAINED[TASK]

    def poisoned(task_seed: int) -> Splits:
        test: Any = Poison()
        return dataclasses.replace(load(task_seed), test=test)

    patch.setitem(catalogue._SELF_CONTAINED, TASK, (spec, poisoned))


def run_and_take_home(path: Path) -> list[dict[str, object]]:
    """Make a run and take a network home; return its rows, those of a test split apart."""
    overrides = ["cycles=1", "teaching.by='nobody'", "strategy.name='random'", "evaluator.seed=1"]
    start_run(path, load_config("smoke", overrides))
    with open_loop(path, trusted=True) as loop:
        loop.run()
    try:
        with open_final(path, SETTINGS) as opened:
            opened.run()
    except PoisonTaken:
        assert list((path / "final-weights").iterdir()), "the poison was taken before the last step"
    with Ledger.open(path / "corpus.db") as ledger:
        return [
            *(
                row.model_dump(exclude=MEASURED)
                for row in ledger.evaluations()
                if "/test/" not in row.protocol_id
            ),
            *(row.model_dump() for row in ledger.admissions()),
        ]


def test_a_run_whose_test_split_is_poison_decides_what_any_other_decides(tmp_path: Path) -> None:
    clean = run_and_take_home(tmp_path / "clean")
    assert (tmp_path / "clean" / "final" / "model.py").exists()
    with pytest.MonkeyPatch.context() as patch:
        poison_the_test_split(patch)
        poisoned = run_and_take_home(tmp_path / "poisoned")
    assert not (tmp_path / "poisoned" / "final").exists()
    assert poisoned == clean
