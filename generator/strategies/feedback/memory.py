"""The last attempts of a search, each with what was to be changed and what came of it.

A failure is remembered like a success: what it broke on is what the next attempt is told. This module does
*not* word a prompt.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.trials import Trial
from generator.edits.faults import Fault

LONGEST = 300
"""Of a problem, a suggestion or an error this many characters are kept, so that prompts stay short."""


class Advice(NamedTuple):
    """What the next attempt is to change.

    Attributes:
        problem: What is wrong with the program as it is, or holds it back.
        suggestion: What to change.
    """

    problem: str
    suggestion: str


class Attempt(NamedTuple):
    """One attempt as it is remembered.

    Attributes:
        number: Its place in the search, from 1.
        advice: What it was to change; None where nobody said.
        outcome: What came of it, in words.
    """

    number: int
    advice: Advice | None
    outcome: str


@dataclass
class Memory:
    """The last attempts, and the best program of all.

    Attributes:
        window: How many attempts are remembered.
        shows_best: Whether the best program is shown to those who improve it.
        best: The best valid trial so far.
        last: The last trial, valid or not.
        count: Attempts so far.
    """

    window: int
    shows_best: bool = True
    best: Trial | None = None
    last: Trial | None = None
    count: int = 0

    def __post_init__(self) -> None:
        self._attempts: deque[Attempt] = deque(maxlen=self.window)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The last attempts, the oldest first."""
        return tuple(self._attempts)

    @property
    def reference(self) -> Trial | None:
        """The program that prompts show as the best so far, None where there is none or it is not shown."""
        return self.best if self.shows_best else None

    def hear(self, advice: Advice | None, trial: Trial) -> None:
        """Remember what became of an attempt."""
        self.count += 1
        self._attempts.append(Attempt(self.count, advice, self._outcome(trial)))
        self.last = trial
        if trial.evaluation.valid and _score(trial) > _score(self.best):
            self.best = trial

    def _outcome(self, trial: Trial) -> str:
        if not trial.evaluation.valid:
            return f"failed: {failure(trial)}"
        if self.best is None:
            return f"works, score {_score(trial):.3f}"
        change = _score(trial) - _score(self.best)
        return f"works, score {_score(trial):.3f}, {change:+.3f} against the best before it"


def failure(trial: Trial) -> str:
    """Return why a trial is not valid, in the evaluator's words."""
    return Fault.of(trial.evaluation).words[:LONGEST]


def by_rule(trial: Trial | None) -> Advice | None:
    """Return what a fixed rule makes of the last trial: a failure's own remedy; None where it knows none."""
    if trial is None or trial.evaluation.valid:
        return None
    remedy = _REMEDIES.get(trial.evaluation.status)
    return None if remedy is None else Advice(failure(trial), remedy)


def _score(trial: Trial | None) -> float:
    return -1.0 if trial is None else trial.accuracy or 0.0


_REMEDIES = {
    EvaluationStatus.NO_CODE: "Answer with one complete Python module in a code block and nothing else.",
    EvaluationStatus.SYNTAX_ERROR: "Write the module again in valid Python, shorter if it was cut off.",
    EvaluationStatus.CONTRACT_ERROR: "Keep the contract's names and signatures, and the cap on parameters.",
    EvaluationStatus.FORBIDDEN: "Leave out what no program may use: import torch and math alone.",
    EvaluationStatus.MISSING_DEPENDENCY: "Import torch, its submodules and math alone.",
    EvaluationStatus.RUNTIME_ERROR: "Mend the line that raised the error and leave the rest as it is.",
    EvaluationStatus.SHAPE_ERROR: "Follow shapes through forward: a layer takes what the one before gives.",
    EvaluationStatus.TIMEOUT: "Make the network smaller, so that one epoch is fast.",
    EvaluationStatus.OUT_OF_MEMORY: "Make the network smaller, or pool earlier.",
    EvaluationStatus.NON_FINITE: "Normalise after each convolution, or lower the learning rate.",
    EvaluationStatus.BELOW_CHANCE: "Check that learn steps the optimizer; normalise after convolutions.",
    EvaluationStatus.CRASHED: "Use plain layers of torch.nn alone: the process died.",
    EvaluationStatus.OUTPUT_LIMIT: "Print nothing.",
    EvaluationStatus.PROTOCOL_ERROR: "Print nothing, and touch no file or process.",
    EvaluationStatus.REUSED_DATA: "Go through the training data once and keep none of it.",
}
"""What is said of each failure by rule; ours. What is no fault of the program's text is not there."""
