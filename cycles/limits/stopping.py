"""Which trainings are ended early: those with a loss from which, at its place, hardly any became strong.

The rule of a cycle follows from the cycles before it alone, so it is the same whatever is judged first, and
a resumed run has it again. Strong are the best share of all that were trained; what was ended early counts
as worse than all others. What is ended early has no score and is not valid; all else is judged as without a
rule, so a rule is no part of the protocol.

This module does *not* end anything; the program's process does (`evaluator.child.losses`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate, chain

from corpus.ledger.reader import Ledger
from corpus.records.evaluations import Evaluation, EvaluationStatus
from cycles.config.stopping import StoppingConfig
from evaluator.channel.messages import MAX_LOSSES
from evaluator.channel.stopping import StopRule


@dataclass
class Stopping:
    """Makes the rule of each cycle, once; every cycle is read once.

    Attributes:
        ledger: What is recorded.
        config: Who is strong, and where is looked.
    """

    ledger: Ledger
    config: StoppingConfig
    _judged: list[list[Evaluation]] = field(default_factory=list)
    _rules: dict[int, StopRule | None] = field(default_factory=dict)

    def rule(self, cycle: int) -> StopRule | None:
        """Return the rule of `cycle`; None where none is wanted, or too few strong programs are known."""
        if self.config.strong is None:
            return None
        if cycle not in self._rules:  # a search that listens asks for each of its batches
            for earlier in range(len(self._judged), cycle):
                self._judged.append([trial.evaluation for trial in self.ledger.judged(earlier)])
            self._rules[cycle] = rule_of(chain(*self._judged[:cycle]), self.config)
        return self._rules[cycle]


def rule_of(evaluations: Iterable[Evaluation], config: StoppingConfig) -> StopRule | None:
    """Return the rule that follows from `evaluations`, None where they hold too few strong programs."""
    trained = [each for each in evaluations if _score(each) is not None]
    ranked = sorted(trained, key=lambda each: -(_score(each) or 0.0))
    count = round((config.strong or 0.0) * len(ranked))
    known = [(_curve(each), rank < count and each.accuracy is not None) for rank, each in enumerate(ranked)]
    if sum(is_strong and bool(curve) for curve, is_strong in known) < config.least:
        return None
    worst = {}
    for place in config.places:
        there = [(curve[place - 1], is_strong) for curve, is_strong in known if len(curve) >= place]
        worst[place] = highest(there, config.risk)
    return StopRule(worst=worst)


def highest(known: Iterable[tuple[float, bool]], risk: float) -> float:
    """Return the highest loss of a training that goes on.

    Of the trainings known to have had a higher one, a share of at most `risk` became strong.
    """
    ordered = sorted(known, reverse=True)
    strong_above = list(accumulate((is_strong for _, is_strong in ordered), initial=0))
    return next(
        loss for above, (loss, _) in reversed(list(enumerate(ordered))) if strong_above[above] <= risk * above
    )


def _curve(evaluation: Evaluation) -> list[float]:
    """Return the lowest loss so far at each part of a training; empty where parts are missing.

    What was ended early has those up to its end.
    """
    whole = len(evaluation.losses) == MAX_LOSSES or evaluation.status is EvaluationStatus.STOPPED
    return list(accumulate(evaluation.losses, min)) if whole else []


def _score(evaluation: Evaluation) -> float | None:
    """Return the score by which a program is ranked; None for one that was not trained."""
    return 0.0 if evaluation.status is EvaluationStatus.STOPPED else evaluation.accuracy
