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

With `--predictor` the rule looks at predicted scores, not at losses: at each place a predictor that learnt
from the cycles before says the score from code, graph and losses so far (`cycles.predicting`); a training
ends if that is less than what was said, out of fold, of every strong program. Its own time is not counted.

With `--judge N`, N programs of the last cycle of each run are judged in the sandbox with the rule and without
it, one right after the other, and `judged` is the ratio of the two processor times: no part of it is assumed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from corpus.ledger.reader import Ledger
from corpus.novelty.groups import near_duplicate_groups
from corpus.novelty.similarity import Shingler
from corpus.records.evaluations import Evaluation, EvaluationStatus
from corpus.records.search.trials import Trial
from cycles.config.run import RunConfig
from cycles.config.stopping import StoppingConfig
from cycles.figures.statistics import quantiles
from cycles.limits.stopping import rule_of
from cycles.predicting.features import Features, code_features, curve_features, graph_features
from cycles.predicting.model import Predictor
from cycles.predicting.validation import FOLDS, out_of_fold
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


class Foretelling:
    """The rule by predicted scores, over one run.

    Args:
        ledger: The run's ledger.
        cycles: Its trials.
        config: Who is strong, and where is looked.
    """

    def __init__(self, ledger: Ledger, cycles: Sequence[Sequence[Trial]], config: StoppingConfig) -> None:
        self._config, shingler = config, Shingler()
        self._static: dict[str, Features] = {}
        self._texts = {}
        for candidate, judged, _ in (trial for trials in cycles for trial in trials):
            if candidate.source is not None and judged.accuracy is not None:
                graph = ledger.graph(judged.structure) if judged.structure else None
                sizes = graph_features(graph, judged.parameters, judged.flops)
                self._static[candidate.id] = code_features(candidate.source) | sizes
                self._texts[candidate.id] = shingler.array(candidate.source)

    def places(self, known: Sequence[Evaluation]) -> Callable[[Evaluation], int | None] | None:
        """Return who says after how many losses a training ends, None where too few strong are known."""
        trained = [each for each in known if each.candidate_id in self._static]
        whole = [each for each in trained if each.accuracy is not None]
        ranked = sorted(range(len(whole)), key=lambda place: -(whole[place].accuracy or 0.0))
        strong = ranked[: round((self._config.strong or 0.0) * len(trained))]
        texts = [self._texts[each.candidate_id] for each in whole]
        twins = near_duplicate_groups(texts, 0.85)
        if len(strong) < self._config.least or len(set(twins)) < FOLDS:
            return None
        scores, rules = [each.accuracy or 0.0 for each in whole], []
        for place in self._config.places:
            rows = [self._row(each, place) for each in whole]
            said = out_of_fold(rows, scores, twins)
            rules.append((place, min(said[each] for each in strong), Predictor().fit(rows, scores)))

        def ends(judged: Evaluation) -> int | None:
            if judged.candidate_id in self._static and len(judged.losses) == MAX_LOSSES:
                for place, worst, predictor in rules:
                    if predictor.predict([self._row(judged, place)])[0] < worst:
                        return place
            return None

        return ends

    def _row(self, judged: Evaluation, place: int) -> Features:
        return self._static[judged.candidate_id] | curve_features(judged.losses, place)


def by_loss(
    config: StoppingConfig,
) -> Callable[[Sequence[Evaluation]], Callable[[Evaluation], int | None] | None]:
    """Return who makes the rule of `cycles.limits.stopping`, as `Foretelling.places` makes the other one."""

    def places(known: Sequence[Evaluation]) -> Callable[[Evaluation], int | None] | None:
        rule = rule_of(known, config)
        return None if rule is None else lambda judged: _place(judged, rule)

    return places


def replay(
    cycles: Sequence[Sequence[Trial]],
    rule_after: Callable[[Sequence[Evaluation]], Callable[[Evaluation], int | None] | None],
    training: float,
) -> Replayed:
    """Return what a rule does to a run, cycle by cycle."""
    scores = [each.accuracy or 0.0 for each in _all(cycles) if each.valid]
    bar = quantiles(scores, (1.0 - STRONGEST,))[0]
    total = Replayed(0, 0, sum(score >= bar for score in scores), 0, 0.0, 0.0, 0.0)
    known: list[Evaluation] = []
    for trials in cycles:
        rule = rule_after(list(known))
        for trial in trials:
            judged = trial.evaluation
            place = None if rule is None else rule(judged)
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
            known.append(_ended(judged, place))
    return total


def _all(cycles: Iterable[Sequence[Trial]]) -> Iterator[Evaluation]:
    return (trial.evaluation for trials in cycles for trial in trials)


def _place(judged: Evaluation, rule: StopRule) -> int | None:
    """Return after how many losses the rule ends a training that was gone through to its end."""
    noted = [list(judged.losses[:place]) for place in range(1, len(judged.losses) + 1)]
    return next((len(losses) for losses in noted if rule.ends(losses)), None)


def _ended(judged: Evaluation, place: int | None) -> Evaluation:
    """Return the evaluation as it would stand in the ledger of a run that ended it there."""
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
    parser.add_argument("--strong", type=float, default=0.15, help="as stopping.strong (default: 0.15)")
    parser.add_argument("--places", type=int, nargs="+", default=[5, 8, 12], help="as stopping.places")
    parser.add_argument("--least", type=int, default=5, help="as stopping.least (default: 5)")
    parser.add_argument("--training", type=float, default=0.9, help="share of training (default: 0.9)")
    parser.add_argument("--predictor", action="store_true", help="by predicted scores instead of losses")
    parser.add_argument("--judge", type=int, default=0, help="programs to judge with and without the rule")
    given = parser.parse_args()
    config = StoppingConfig(strong=given.strong, places=tuple(given.places), least=given.least)
    total, judged = Replayed(0, 0, 0, 0, 0.0, 0.0, 0.0), [0.0, 0.0]
    for path in given.runs:
        if not (path / "corpus.db").is_file():
            continue
        with Ledger.open(path / "corpus.db") as ledger:
            cycles = [ledger.judged(cycle) for cycle in ledger.completed_cycles()]
            foretelling = Foretelling(ledger, cycles, config).places if given.predictor else None
        one = replay(cycles, foretelling or by_loss(config), given.training)
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
