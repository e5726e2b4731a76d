"""What the user sees: bars, lines and JSON tell the same story, and Ctrl-C is heard once politely."""

from __future__ import annotations

import io
import json
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from corpus.config import CorpusConfig
from corpus.records.admissions import Admission, AdmissionReason
from cycles.config.run import RunConfig
from cycles.figures.cycle_report import cycle_report
from cycles.run.interruption import Interrupted, Interruption
from cycles.showing.progress import JsonProgress, PlainProgress, TerminalProgress
from tests.ledgers import candidate, evaluation, new_corpus, program, write_cycle


def drive(observer: JsonProgress | PlainProgress | TerminalProgress, folder: Path) -> None:
    """Report a stage of two candidates, of which one is admitted, and the end of its cycle."""
    with new_corpus(folder) as ledger:
        write_cycle(ledger, 0, [(program("conv relu"), 0.75), (program("norm flat"), None)], CorpusConfig())
        report = cycle_report(ledger, 0, RunConfig())
    with observer:
        observer.stage_started(0, "judge", 2)
        for index, (score, reason) in enumerate(
            [(0.75, AdmissionReason.ADMITTED), (None, AdmissionReason.INVALID)]
        ):
            row = candidate(0, index, "x = 1")
            admission = Admission(
                candidate_id=row.id, admitted=reason is AdmissionReason.ADMITTED, reason=reason
            )
            observer.judged(evaluation(row, score), admission)
        observer.stage_finished()
        observer.cycle_finished(report)


@pytest.mark.parametrize("kind", [PlainProgress, TerminalProgress])
def test_the_counts_of_a_stage_and_the_cycle_are_shown(
    kind: type[PlainProgress | TerminalProgress], tmp_path: Path
) -> None:
    text = io.StringIO()
    terminal = kind is TerminalProgress
    drive(kind(Console(file=text, width=160, force_terminal=terminal, color_system=None)), tmp_path)
    shown = text.getvalue()
    assert "2/2" in shown
    assert "valid 1 (50%), novel 1, admitted 1, best 0.75" in shown
    assert "cycle 0: valid 50%" in shown


def test_every_json_line_is_an_event(tmp_path: Path) -> None:
    text = io.StringIO()
    drive(JsonProgress(Console(file=text, soft_wrap=True)), tmp_path)
    events = [json.loads(line) for line in text.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["stage_started", "judged", "judged", "cycle_finished"]
    assert events[1]["accuracy"] == 0.75 and events[2]["status"] == "SHAPE_ERROR"


def test_the_first_signal_stops_at_the_next_check_and_says_so() -> None:
    said: list[str] = []
    with Interruption(said.append) as interruption:
        interruption.check()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted):
            interruption.check()
    assert len(said) == 1 and "everything so far is kept" in said[0]


def test_the_second_signal_stops_at_once() -> None:
    with Interruption(lambda _: None), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)


def test_the_handlers_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption(lambda _: None):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
