"""What came of each kind of step, counted from the rows of runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from corpus.records.evaluations import EvaluationStatus
from tests.cycles.test_edits import Editing, settings
from tests.searches import Arena

SCRIPT = Path(__file__).parents[2] / "scripts" / "measure_operators.py"


def test_every_attempt_is_counted_once_and_a_mended_failure_once(tmp_path: Path) -> None:
    arm = "continuations with repairs, taught by winners"
    runs = [tmp_path / "a", tmp_path / "b"]
    trials, above = [], list[bool]()
    for seed, run in enumerate(runs):
        run.mkdir()
        with LedgerWriter.create(run / "corpus.db") as ledger:
            config = settings(arm, candidates=40).model_copy(update={"seed": seed})
            Arena(ledger, config, sampler=Editing).run()
            judged = [each for cycle in range(2) for each in ledger.judged(cycle)]
        known = {each.candidate.id: each for each in judged}
        above += [
            (each.accuracy or 0.0) > (known[each.candidate.parents[0]].accuracy or 0.0)
            for each in judged
            if each.candidate.operator == "continuation" and each.candidate.parents[0] in known
        ]
        trials += judged
    command = [sys.executable, str(SCRIPT), *map(str, runs)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    counted = {
        line.split()[0]: tuple(map(int, re.findall(r"(\d+) of (\d+)", line)[0]))
        for line in printed.splitlines()
    }
    assert f"better than the parent {sum(above)} of {len(above)}, " in printed and 0 < sum(above) < len(above)
    repairs = [each for each in trials if each.candidate.operator == "repair"]
    assert counted["repair"] == (sum(each.accuracy is not None for each in repairs), len(repairs))
    assert counted["continuation"][1] + counted["repair"][1] == len(trials) == 160
    mended, failed = counted["SHAPE_ERROR"]
    failures = [each for each in trials if each.evaluation.status is EvaluationStatus.SHAPE_ERROR]
    assert 0 < mended <= failed <= len([each for each in failures if each.candidate.operator != "repair"])
