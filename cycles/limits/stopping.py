"""Which trainings are ended early: those whose loss is worse than that of every strong program at its place.

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
    best = ranked[: round((config.strong or 0.0) * len(ranked))]
    curves = [list(accumulate(each.losses, min)) for each in best if len(each.losses) == MAX_LOSSES]
    if len(curves) < config.least:
        return None
    return StopRule(worst={place: max(curve[place - 1] for curve in curves) for place in config.places})


def _score(evaluation: Evaluation) -> float | None:
    """Return the score by which a program is ranked; None for one that was not trained."""
    return 0.0 if evaluation.status is EvaluationStatus.STOPPED else evaluation.accuracy
