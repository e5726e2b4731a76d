#!/usr/bin/env python
"""Measure what ending hopeless trainings early saves, and whether it ends strong ones.

    .venv/bin/python scripts/measure_stopping.py runs/main-job/*
    .venv/bin/python scripts/measure_stopping.py runs/main-job/* --judge 60

Each run has judged all its programs to the end. Its cycles are gone through again under the rule that
`cycles.limits.stopping` makes of the cycles before, in which what the rule would have ended is ended.

    ended      programs that are ended, of those that were trained under a rule
    kept       of the strongest tenth of the run's valid programs, those that are not ended
    saved      share of the processor time of all programs; the part of a training that is not done, where of
               a program's time `--training` is training
    faster     candidates per hour of processor time, against without a rule: over all cycles, and over those
               that have a rule

With `--judge N`, N programs of the last cycle of each run are judged in the sandbox with the rule and without
it, one right after the other, and `judged` is the ratio of the two processor times: no part of it is assumed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from corpus.ledger.reader import Ledger
from corpus.records.evaluations import Evaluation, EvaluationStatus
from corpus.records.search.trials import Trial
from cycles.config.run import RunConfig
from cycles.config.stopping import StoppingConfig
from cycles.figures.statistics import quantiles
from cycles.limits.stopping import rule_of
from cycles.run.run_directory import RunDirectory
from evaluator.channel.messages import MAX_LOSSES
from evaluator.channel.stopping import StopRule
from evaluator.supervisor.sandbox import SandboxedEvaluator

STRONGEST = 0.1
"""The share of a run's valid programs that must not be lost."""


class Replayed(NamedTuple):
    """One run under the rule: counts, and processor seconds."""

    under_rule: int
    ended: int
    strongest: int
    lost: int
    seconds: float
    seconds_under_rule: float
    saved: float

    def __add__(self, other: Replayed) -> Replayed:  # type: ignore[override]
        return Replayed(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def replay(cycles: Sequence[Sequence[Trial]], config: StoppingConfig, training: float) -> Replayed:
    """Return what the rule does to a run, cycle by cycle."""
    scores = [each.accuracy or 0.0 for each in _all(cycles) if each.valid]
    bar = quantiles(scores, (1.0 - STRONGEST,))[0]
    total = Replayed(0, 0, sum(score >= bar for score in scores), 0, 0.0, 0.0, 0.0)
    known: list[Evaluation] = []
    for trials in cycles:
        rule = rule_of(known, config)
        for trial in trials:
            judged = trial.evaluation
            place = None if rule is None else _place(judged, rule)
            under = rule is not None
            total += Replayed(
                under_rule=under and judged.accuracy is not None,
                ended=place is not None,
                strongest=0,
                lost=place is not None and judged.valid and (judged.accuracy or 0.0) >= bar,
                seconds=judged.cpu_seconds,
                seconds_under_rule=judged.cpu_seconds if under else 0.0,
                saved=0.0 if place is None else judged.cpu_seconds * training * (1.0 - place / MAX_LOSSES),
            )
        known += [_ended(each.evaluation, rule) for each in trials]
    return total


def _all(cycles: Iterable[Sequence[Trial]]) -> Iterator[Evaluation]:
    return (trial.evaluation for trials in cycles for trial in trials)


def _place(judged: Evaluation, rule: StopRule) -> int | None:
    """Return after how many losses the rule ends a training that was gone through to its end."""
    noted = [list(judged.losses[:place]) for place in range(1, len(judged.losses) + 1)]
    return next((len(losses) for losses in noted if rule.ends(losses)), None)


def _ended(judged: Evaluation, rule: StopRule | None) -> Evaluation:
    """Return the evaluation as it would stand in the ledger of a run under the rule."""
    place = None if rule is None else _place(judged, rule)
    if place is None:
        return judged
    update = {"status": EvaluationStatus.STOPPED, "accuracy": None, "losses": judged.losses[:place]}
    return judged.model_copy(update=update)


def judged_twice(
    config: RunConfig, trials: Sequence[Trial], rule: StopRule, count: int
) -> tuple[float, float]:
    """Return the processor seconds of so many programs without the rule and with it, judged in turn."""
    candidates = [trial.candidate for trial in trials if trial.candidate.source][:count]
    seconds = [0.0, 0.0]
    with SandboxedEvaluator(config.evaluator.model_copy(update={"workers": 1})) as evaluator:
        for candidate in candidates:
            for place, stop in enumerate((None, rule)):
                (judged,) = evaluator.evaluate([candidate], stop)
                seconds[place] += judged.cpu_seconds
    return seconds[0], seconds[1]


def main() -> None:
    """Print a line for each run, and one for all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path, help="directories of runs that ended nothing early")
    parser.add_argument("--strong", type=float, default=0.2, help="as stopping.strong (default: 0.2)")
    parser.add_argument("--places", type=int, nargs="+", default=[5, 8, 12], help="as stopping.places")
    parser.add_argument("--least", type=int, default=5, help="as stopping.least (default: 5)")
    parser.add_argument("--training", type=float, default=0.9, help="share of training (default: 0.9)")
    parser.add_argument("--judge", type=int, default=0, help="programs to judge with and without the rule")
    given = parser.parse_args()
    config = StoppingConfig(strong=given.strong, places=tuple(given.places), least=given.least)
    total, judged = Replayed(0, 0, 0, 0, 0.0, 0.0, 0.0), [0.0, 0.0]
    for path in given.runs:
        if not (path / "corpus.db").is_file():
            continue
        with Ledger.open(path / "corpus.db") as ledger:
            cycles = [ledger.judged(cycle) for cycle in ledger.completed_cycles()]
        one = replay(cycles, config, given.training)
        total += one
        rule = rule_of(_all(cycles[:-1]), config)
        seconds = None
        if given.judge and rule is not None:
            seconds = judged_twice(RunDirectory.open(path).config(), cycles[-1], rule, given.judge)
            judged = [mine + theirs for mine, theirs in zip(judged, seconds, strict=True)]
        _show(path.name, one, seconds)
    _show("all", total, (judged[0], judged[1]) if judged[1] else None)


def _show(name: str, run: Replayed, seconds: tuple[float, float] | None) -> None:
    faster = run.seconds / (run.seconds - run.saved)
    under = run.seconds_under_rule / (run.seconds_under_rule - run.saved) if run.seconds_under_rule else 1.0
    twice = ""
    if seconds:
        twice = f"  judged {seconds[0] / seconds[1]:.2f} ({seconds[0]:.0f} s and {seconds[1]:.0f} s)"
    kept = run.strongest - run.lost
    print(
        f"{name:18} ended {run.ended:4} of {run.under_rule:4}  kept {kept} of {run.strongest} "
        f"({kept / max(1, run.strongest):.1%})  saved {run.saved / run.seconds:.0%}  "
        f"faster {faster:.2f}, under a rule {under:.2f}{twice}"
    )


if __name__ == "__main__":
    main()
