"""The figures of a report, checked against ledgers small enough to count by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus.config import CorpusConfig
from corpus.records.admissions import AdmissionReason
from corpus.records.evaluations import EvaluationStatus
from cycles.cli.report import show_report
from cycles.config.run import RunConfig
from cycles.figures.cycle_report import cycle_report, run_reports
from cycles.figures.metrics import write_metrics
from tests.finals import NARROW, WIDE, judged_run
from tests.ledgers import new_corpus, program, write_cycle

CONFIG = RunConfig(corpus=CorpusConfig(min_accuracy=0.5))


def test_rates_count_every_candidate(tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        strong, weak, broken = (
            program("conv relu pool"),
            program("linear gelu drop"),
            program("norm tanh flat"),
        )
        write_cycle(ledger, 0, [(strong, 0.8), (weak, 0.2), (broken, None), (strong, 0.8)], CONFIG.corpus)
        report = cycle_report(ledger, 0, CONFIG)
    assert report.statuses == {EvaluationStatus.COMPLETE: 3, EvaluationStatus.SHAPE_ERROR: 1}
    assert report.reasons == {
        AdmissionReason.ADMITTED: 1,
        AdmissionReason.BELOW_THRESHOLD: 1,
        AdmissionReason.EXACT_DUPLICATE: 1,
        AdmissionReason.INVALID: 1,
    }
    assert (report.valid.count, report.valid.total) == (3, 4)
    assert (report.strong.count, report.strong.total) == (2, 4)
    assert (report.novel.count, report.novel.total) == (2, 3)
    assert (report.unique.count, report.unique.total) == (2, 4)


def test_the_mean_over_all_counts_an_invalid_program_as_zero(tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        write_cycle(ledger, 0, [(program("conv relu"), 0.8), (program("norm flat"), None)], CONFIG.corpus)
        report = cycle_report(ledger, 0, CONFIG)
    assert report.mean_accuracy_all.value == pytest.approx(0.4)
    assert report.mean_accuracy_valid.value == pytest.approx(0.8)
    assert report.best_accuracy == 0.8


def test_a_cycle_without_a_valid_program_has_a_report(tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        write_cycle(ledger, 0, [(program("conv"), None), (program("relu"), None)], CONFIG.corpus)
        report = cycle_report(ledger, 0, CONFIG)
    assert report.best_accuracy is None and report.median_jaccard is None
    assert report.valid.count == 0 and report.mean_accuracy_all.value == 0.0


def test_metrics_hold_a_line_per_finished_cycle(tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        for cycle, words in enumerate(("conv relu", "norm flat")):
            write_cycle(ledger, cycle, [(program(words), 0.6)], CONFIG.corpus)
        write_metrics(run_reports(ledger, CONFIG), tmp_path / "metrics.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["cycle"] for line in lines] == [0, 1]


def test_the_best_network_beside_the_seed_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = judged_run(tmp_path / "run", [(NARROW, 0.5), (WIDE, 0.9)], operators=["seed", "one slot"])
    show_report([run], html=False)
    said = "Best non-seed: c000/0001 0.900; the seed: c000/0000 0.500 (accuracy in the search)"
    assert said in capsys.readouterr().out
    show_report([run], html=False, as_json=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row.get("cycle") for row in rows] == [0, None]
    assert rows[1]["best_non_seed"] == {"candidate_id": "c000/0001", "accuracy": 0.9}
    assert rows[1]["seed"] == {"candidate_id": "c000/0000", "accuracy": 0.5}
    plain = judged_run(tmp_path / "plain", [(NARROW, 0.5), (WIDE, 0.9)])
    show_report([plain], html=False)
    assert "non-seed" not in capsys.readouterr().out
