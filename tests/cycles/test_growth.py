"""What is shown again and again reads what is new, and shows what it showed before."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.threshold import fixed_threshold
from corpus.records.tasks.kinds import Metric
from cycles.config.run import RunConfig
from cycles.figures import runs
from cycles.figures.cycle_report import run_reports
from cycles.figures.metrics import noted_reports, write_metrics
from cycles.figures.runs import RunData, gather
from cycles.figures.snapshot import CycleSummary, Watcher
from cycles.reporting.arms import DRAWN_CYCLES, thinned
from cycles.reporting.page import render
from cycles.reporting.payload import payload
from cycles.run.run_directory import RunDirectory
from tests.runs import SMALL, append_cycle, new_run, write_run


def counted(ledger: Ledger, cycle: int) -> CycleSummary:
    """Return the summary of a cycle, from its records."""
    rows = ledger.judged(cycle)
    scores = [row.evaluation.accuracy or 0.0 for row in rows if row.evaluation.valid]
    least = fixed_threshold(SMALL, Metric.ACCURACY)
    assert least is not None
    return CycleSummary(
        cycle=cycle,
        judged=len(rows),
        valid=len(scores),
        admitted=sum(row.admission.admitted for row in rows),
        strong=sum(score >= least for score in scores),
        best=max(scores, default=None),
        statuses=Counter(row.evaluation.status.value for row in rows),
    )


def test_a_watcher_that_looks_again_sees_what_a_new_one_sees(tmp_path: Path) -> None:
    config = RunConfig(cycles=4, candidates=8, corpus=SMALL)
    directory = new_run(tmp_path / "run", config)
    watcher = Watcher(directory, config)
    assert watcher.look().cycles[0].judged == 0
    for cycle in range(3):
        with LedgerWriter.open(directory.ledger_file) as ledger:
            append_cycle(ledger, cycle, 8, valid_share=0.25 * (3 - cycle))
            expected = [counted(ledger, each) for each in range(cycle + 1)]
            judged = [row for each in range(cycle + 1) for row in ledger.judged(each)]
        again, fresh = watcher.look(), Watcher(directory, config).look()
        assert again == fresh
        assert again.cycles[: cycle + 1] == expected
        valid = [row for row in judged if row.evaluation.valid]
        assert again.best == sorted(valid, key=lambda row: -(row.evaluation.accuracy or 0.0))[:5]


def test_a_second_look_reads_no_judgement_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = RunDirectory.open(write_run(tmp_path / "run", cycles=2))
    watcher = Watcher(directory, directory.config())
    first = watcher.look()
    found: list[int] = []
    original = Ledger.outcomes
    monkeypatch.setattr(
        Ledger,
        "outcomes",
        lambda self, after=0: found.append(len(original(self, after))) or original(self, after),
    )
    monkeypatch.setattr(Ledger, "trial", None)
    assert watcher.look() == first
    assert found == [0]


def noted_run(path: Path) -> tuple[Path, list[RunData]]:
    """Return a run with its metrics.jsonl, and what a report finds that computes all figures."""
    run = write_run(path, cycles=3)
    directory = RunDirectory.open(run)
    computed = gather([run])
    with Ledger.open(directory.ledger_file) as ledger:
        assert computed[0].reports == run_reports(ledger, directory.config())
    write_metrics(computed[0].reports, directory.metrics_file)
    return run, computed


def test_a_report_takes_the_figures_that_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, computed = noted_run(tmp_path / "run")
    monkeypatch.setattr(runs, "cycle_report", None)
    assert gather([run]) == computed


@pytest.mark.parametrize("damage", ["another count", "half a line", "none"])
def test_noted_figures_that_are_not_the_ledgers_are_computed(tmp_path: Path, damage: str) -> None:
    run, computed = noted_run(tmp_path / "run")
    path = RunDirectory.open(run).metrics_file
    lines = path.read_text().splitlines()
    row = json.loads(lines[1])
    row["statuses"] = {"COMPLETE": 8}
    row["mean_tokens"] = 1.0
    changed = {"another count": json.dumps(row), "half a line": lines[1][:100], "none": ""}[damage]
    path.write_text("\n".join([lines[0], changed, lines[2]]))
    assert gather([run]) == computed
    with Ledger.open(RunDirectory.open(run).ledger_file) as ledger:
        assert 1 not in noted_reports(path, ledger)


def test_a_report_made_again_reads_the_cycles_that_are_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = RunConfig(cycles=4, candidates=8, corpus=SMALL)
    directory = new_run(tmp_path / "run", config)
    known: dict[Path, RunData] = {}
    with LedgerWriter.open(directory.ledger_file) as ledger:
        append_cycle(ledger, 0, 8)
        append_cycle(ledger, 1, 8)
    gather([directory.path], known)
    with LedgerWriter.open(directory.ledger_file) as ledger:
        append_cycle(ledger, 2, 8)
    read: list[int] = []
    original = Ledger.judged
    monkeypatch.setattr(Ledger, "judged", lambda self, cycle: read.append(cycle) or original(self, cycle))
    again = gather([directory.path], known)
    assert set(read) == {2, 3}
    assert again == gather([directory.path])


def test_a_full_table_keeps_the_admitted_and_says_how_many_are_not_in_it(tmp_path: Path) -> None:
    found = gather([write_run(tmp_path / "run", cycles=3, count=8)])
    whole, short = payload(found, []), payload(found, [], most=11)
    assert (whole.candidates, whole.unlisted) == (24, 0)
    assert (short.candidates, short.unlisted, short.left_out) == (11, 13, 0)
    columns = json.loads(short.table)["columns"]
    admitted = [row.candidate.id for row in found[0].judged if row.admission.admitted]
    assert columns["id"] == sorted(columns["id"]) and len(columns["id"]) == 11
    assert 0 < len(admitted) <= 11 and set(admitted) <= set(columns["id"])
    assert max(columns["near"]) < 11


def test_of_very_many_cycles_evenly_spaced_ones_are_drawn(tmp_path: Path) -> None:
    assert thinned(range(DRAWN_CYCLES)) == list(range(DRAWN_CYCLES))
    many = thinned(range(1234))
    assert len(many) == DRAWN_CYCLES and (many[0], many[-1]) == (0, 1233)
    assert {later - earlier for earlier, later in pairwise(many)} <= {12, 13}
    (run,) = gather([write_run(tmp_path / "run", cycles=2, count=4)])
    judged = [
        row._replace(candidate=row.candidate.model_copy(update={"cycle": cycle, "id": f"{cycle}/{place}"}))
        for cycle in range(150)
        for place, row in enumerate(run.judged[:2])
    ]
    reports = [run.reports[0].model_copy(update={"cycle": cycle}) for cycle in range(150)]
    page = render([replace(run, judged=judged, reports=reports)])
    assert f"Of 150 cycles {DRAWN_CYCLES} are drawn, evenly spaced." in page
    assert "drawn, evenly spaced" not in render([run])
    assert len(page) < 2_000_000
