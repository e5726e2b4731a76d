"""What a run has spent, counted over its judgements in their order, and which limit of its budget is used up.

All but the seconds depends on the ledger's rows alone, so a run that resumes, with however many workers, ends
where an unbroken one ends. This module does *not* end anything (`cycles.limits.budget` does).
"""

from __future__ import annotations

from dataclasses import dataclass

from corpus.ledger.reader import Ledger
from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.search.trials import Trial
from cycles.config.budget import BudgetConfig

_TRAINED = {Stage.LEARN, Stage.PREDICT, Stage.DONE}


@dataclass
class Spending:
    """What was spent until some judgement.

    Attributes:
        attempts: Candidates judged.
        evaluations: Those of which a training was begun.
        tokens: Tokens of the judged candidates.
        question_tokens: Tokens of the answers to a search's questions.
        seconds: Wall time of all stages.
        best: Best score of a valid candidate, None without one.
        since_best: Candidates judged since that one, or in all without one.
    """

    attempts: int = 0
    evaluations: int = 0
    tokens: int = 0
    question_tokens: int = 0
    seconds: float = 0.0
    best: float | None = None
    since_best: int = 0

    @classmethod
    def of(cls, ledger: Ledger, cycles: int) -> Spending:
        """Return what the ledger of a run of so many cycles says was spent."""
        spending = cls(question_tokens=sum(call.answer.token_count for call in ledger.calls()))
        for cycle in range(cycles):
            spending.seconds += sum(ledger.stage_seconds(cycle).values())
            for trial in ledger.judged(cycle):
                spending.add(trial)
        return spending

    def add(self, trial: Trial) -> None:
        """Count the next judgement."""
        evaluation = trial.evaluation
        self.attempts += 1
        if evaluation.stage in _TRAINED and evaluation.status is not EvaluationStatus.NO_CODE:
            self.evaluations += 1
        self.tokens += trial.candidate.token_count or 0
        self.since_best += 1
        score = evaluation.accuracy if evaluation.valid else None
        if score is not None and (self.best is None or score > self.best):
            self.best, self.since_best = score, 0

    def used_up(self, budget: BudgetConfig) -> tuple[str, str] | None:
        """Return the key of the first limit that is reached, and the fact in words; None where none is."""
        tokens = self.tokens + self.question_tokens
        reached = {
            "attempts": (self.attempts, budget.attempts, f"{self.attempts:,} candidates are judged"),
            "evaluations": (self.evaluations, budget.evaluations, f"{self.evaluations:,} were trained"),
            "tokens": (tokens, budget.tokens, f"{tokens:,} tokens are written"),
            "seconds": (self.seconds, budget.seconds, f"it has run for {self.seconds:,.0f} seconds"),
            "accuracy": (self.best or 0.0, budget.accuracy, f"the best scores {self.best or 0.0:.4f}"),
            "plateau": (
                self.since_best,
                budget.plateau,
                f"none of the last {self.since_best:,} candidates was better than the best before",
            ),
        }
        found = (
            (key, said) for key, (spent, most, said) in reached.items() if most is not None and spent >= most
        )
        return next(found, None)
