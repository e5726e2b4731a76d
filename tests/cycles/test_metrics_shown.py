"""Runs of other metrics than accuracy: what is shown names the metric, and an error is shown as an error."""

from __future__ import annotations

import io
import json
import re
import subprocess
from html import unescape
from pathlib import Path

import pytest
from rich.console import Console

from corpus.ledger.reader import Ledger
from corpus.records.tasks.kinds import Metric, TaskKind
from corpus.records.tasks.shape import TaskShape
from corpus.records.tasks.wording import described
from cycles.config.run import RunConfig
from cycles.config.teaching import Teachers, TeachingConfig
from cycles.errors import UsageError
from cycles.figures.comparison import verdict
from cycles.figures.cycle_report import cycle_report
from cycles.figures.runs import gather
from cycles.figures.snapshot import Watcher
from cycles.figures.studies.pairs import Outcome
from cycles.figures.studies.tables import grids, markdown
from cycles.reporting.page import render
from cycles.reporting.studies.page import render_study
from cycles.run.run_directory import RunDirectory
from cycles.showing.cells import cycle_table
from cycles.showing.progress import Tally, summary_line
from cycles.showing.tracking import metrics
from cycles.showing.watch import picture
from cycles.studies.gathering import gather_runs
from tests.command_line import ENTRY
from tests.runs import MEAN_IOU, RELATIVE_L2, SMALL, write_run
from tests.studies import write_search

DARCY = "darcy-v1/relative-l2"


def printed(what: object) -> str:
    console = Console(file=io.StringIO(), width=160, record=True)
    console.print(what)
    return console.export_text()


def words_of(page: str) -> str:
    """Return what a page says, to the eye and to those who hear it: all but its script, style and data."""
    shown = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return unescape(shown)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", protocol=RELATIVE_L2, count=16)


@pytest.mark.parametrize("protocol, name", [(RELATIVE_L2, "relative L2"), (MEAN_IOU, "mean IoU")])
def test_a_page_speaks_of_its_own_metric_alone(tmp_path: Path, protocol: str, name: str) -> None:
    paths = [
        write_run(tmp_path / teachers.value, teachers=teachers, protocol=protocol)
        for teachers in (Teachers.WINNERS, Teachers.NOBODY)
    ]
    page = words_of(render(gather(paths)))
    assert "accura" not in page.lower()
    assert f"Mean {name} of all" in page and f"Best {name}" in page
    assert ("lower is better" in page) == (protocol is RELATIVE_L2)
    assert "share above the threshold" not in page  # every run has its own


def test_the_table_of_a_run_shows_errors_and_their_intervals_the_right_way_round(run: Path) -> None:
    (found,) = gather([run])
    report = found.reports[-1]
    best, mean = report.best_accuracy, report.mean_accuracy_all
    assert best is not None and report.strong is None and report.metric is Metric.RELATIVE_L2
    table = printed(cycle_table(found.reports, SMALL))
    turned = mean.shown_as(Metric.RELATIVE_L2)
    assert turned.low < turned.value < turned.high
    assert turned.value == pytest.approx(1 - mean.value)
    assert f"{turned.value:.3f} [{turned.low:.2f}, {turned.high:.2f}]" in table
    assert f"{1 - best:.3f}" in table and f"{best:.3f}" not in table
    assert "mean relative L2 (lower is better)" in table and "acc." not in table


def test_a_fixed_threshold_of_an_error_is_the_most_that_it_may_be(run: Path) -> None:
    with Ledger.open(RunDirectory(run).ledger_file) as ledger:
        fixed = SMALL.model_copy(update={"admit": "absolute"})
        report = cycle_report(ledger, 2, RunConfig(corpus=fixed))
    assert report.strong is not None and report.strong.count == 8
    assert "rel. L2 <= 0.60" in printed(cycle_table([report], fixed))


def test_a_loop_says_what_is_best_in_words(run: Path) -> None:
    (found,) = gather([run])
    line = summary_line(found.reports[0])
    assert "mean relative L2 of all 0.806, best 0.525, admitted" in line
    tally = Tally()
    for row in found.judged:
        tally.add(row.evaluation, row.admission)
    assert str(tally).endswith("best relative L2 0.32")
    directory = RunDirectory.open(run)
    snapshot = Watcher(directory, directory.config()).look()
    assert "best relative L2" in printed(picture(snapshot, directory.config(), run))
    flat = metrics(found.reports[0])
    assert flat["best_relative-l2"] == pytest.approx(0.525)
    assert not any("accuracy" in name or "strong" in name for name in flat)


def test_differences_are_of_scores_so_that_more_is_better(tmp_path: Path) -> None:
    better = write_run(tmp_path / "loop", protocol=RELATIVE_L2, valid_share=1.0)
    worse = write_run(tmp_path / "frozen", protocol=RELATIVE_L2, teachers=Teachers.NOBODY, valid_share=0.25)
    (deciding,) = verdict(gather([better, worse])).deciding
    assert deciding.figure == "mean 1 - relative L2 of all candidates"
    assert deciding.difference.value > 0 and not deciding.share


def test_runs_of_different_metrics_stand_in_no_report_together(run: Path, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", seed=1)
    for together in (gather, gather_runs):
        with pytest.raises(UsageError, match=r"run by relative L2, .*other by accuracy\. Name runs of one"):
            together([run, other])


def test_a_study_of_errors_shows_errors_and_compares_scores(tmp_path: Path) -> None:
    paths = []
    for arm, shift in ((Teachers.WINNERS, 0.2), (Teachers.NOBODY, 0.0)):
        for seed in range(5):
            config = RunConfig(cycles=1, candidates=2, seed=seed, teaching=TeachingConfig(by=arm))
            scores = [[0.3 + shift, 0.5 + shift + seed / 100]]
            paths.append(write_search(tmp_path / f"{arm}-{seed}", config, scores, task=DARCY))
    read: list[str] = []
    figures = gather_runs(paths, read.append)
    assert read == [str(path) for path in paths]
    by_seed, by_arm, differences = grids(figures)
    assert by_seed.rows[0] == ("closed loop", "0.300", "0.290", "0.280", "0.270", "0.260", "0.280")
    assert by_arm.rows[0][0] == "best: relative L2 (lower is better)"
    assert differences.rows[0][0] == "best: 1 - relative L2" and differences.rows[0][1].startswith("+0.200")
    (pair,) = figures.pairs
    assert pair.outcome is Outcome.BETTER and "of 1 - relative L2" in pair.sentence
    page = words_of(render_study(figures))
    assert (
        "Best validation relative L2 after 2 evaluations. closed loop: 0.280; frozen control: 0.480" in page
    )
    assert "accura" not in (page + markdown(figures)).lower()


def test_the_corpus_says_what_a_program_had_to_reach(run: Path) -> None:
    def said(*words: str) -> str:
        command = [*ENTRY, "corpus", words[0], str(run), *words[1:]]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    text = said("show", "c002/0005")
    assert "relative L2 0.375 under darcy-v1/relative-l2" in text and "accuracy" not in text
    assert "asked for relative L2 of at most 0.5" in text
    assert json.loads(said("show", "c002/0005", "--json"))["threshold"] == pytest.approx(0.5)
    assert "too few valid ones before it" in said("show", "c000/0001")
    assert "best relative L2 0.325, median relative L2 0.512" in said("stats")


def test_a_task_in_words_names_kind_shapes_and_metric_unless_it_is_plain() -> None:
    plain = TaskShape(channels=1, height=12, width=12, classes=10)
    field = plain.model_copy(update={"kind": TaskKind.REGRESSION, "classes": 2})
    signal = TaskShape(channels=2, height=1, width=64, classes=5, signal=True, kind=TaskKind.MULTI_LABEL)
    assert described(plain) == "1x12x12 images, 10 classes"
    assert described(field) == "regression, 1x12x12 inputs, 2x12x12 answers, relative L2 (lower is better)"
    assert described(signal) == "multi-label, 2x64 signals, 5 answers, mean average precision"
