"""Who chooses the hyperparameters that a program is trained with: a wrapper around any strategy.

    protocol   nobody: the protocol hands the same to all
    random     a seeded draw from a fixed space: the control
    optuna     Optuna's TPE over the same space (Akiba et al., 2019), told of every valid score
    model      the model, in its answer (`<hp>`), as in nn-gpt

The space is ours: learning rate and weight decay by their logarithm, momentum, dropout, and the batch's size.
It is searched apart from the programs: what is good for one is taken to be good for the next. This module
does *not* hand anything to a program.
"""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from types import ModuleType
from typing import Any, Literal

from corpus.records.mistakes import Mistake
from corpus.records.prompts import Prompt
from corpus.records.search.hyperparameters import Hyperparameter, fitting
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample
from generator.prompts.hyperparameters import asking, tagged
from generator.strategies.contract import Bench, Strategy
from generator.strategies.wrapping import Change, Wrapped

Chooser = Literal["protocol", "random", "optuna", "model"]

WHAT = "hyperparameters"
"""What the decision is called in a candidate's row."""

LR = (1e-3, 0.3)
MOMENTUM = (0.5, 0.99)
DROPOUT = (0.0, 0.5)
BATCHES = (8, 16, 32, 64)
WEIGHT_DECAY = (1e-6, 1e-2)


class TunerMissing(Mistake):
    """Optuna is not installed."""


def tuned(strategy: Strategy, by: Chooser) -> Strategy:
    """Return a strategy whose programs' hyperparameters are chosen by `by`.

    Raises:
        TunerMissing: It is Optuna, which is not installed.
    """
    match by:
        case "protocol":
            return strategy
        case "model":
            return _SaidByTheModel(strategy)
        case "random":
            return _Drawn(strategy, DecidedBy.CHANCE)
        case "optuna":
            _optuna()
            return _Drawn(strategy, DecidedBy.RULE)


class _Drawn(Wrapped):
    """Hyperparameters of every proposal are drawn, or suggested by Optuna from the trials so far."""

    def __init__(self, inner: Strategy, by: DecidedBy) -> None:
        super().__init__(inner)
        self._by = by

    def change(self, bench: Bench) -> Change:
        """Return draws from the space."""
        space: _Space = _Random(bench) if self._by is DecidedBy.CHANCE else _Suggested(bench)
        return _Drawing(space, Decision(what=WHAT, by=self._by))


class _Drawing(Change):
    def __init__(self, space: _Space, decision: Decision) -> None:
        self._space, self._decision = space, decision

    def changed(self, proposal: Proposal) -> Proposal:
        decisions = (*proposal.decisions, self._decision)
        return proposal.model_copy(update={"hyperparameters": self._space.draw(), "decisions": decisions})

    def heard(self, trial: Trial) -> None:
        self._space.hear(trial.accuracy)


class _SaidByTheModel(Wrapped):
    """Prompts ask for hyperparameters too; programs that are no answers keep the protocol's."""

    def change(self, _bench: Bench) -> Change:
        """Return the question that is added."""
        return _Asking()

    def lesson(self, trial: Trial, plain: TrainingExample) -> TrainingExample | None:
        """Return the inner strategy's lesson, with the hyperparameters that the program was trained with."""
        lesson, values = self.inner.lesson(trial, plain), trial.candidate.hyperparameters
        if lesson is None or not values:
            return lesson
        return lesson.model_copy(update={"completion": f"{tagged(values)}\n{lesson.completion}"})


class _Asking(Change):
    def changed(self, proposal: Proposal) -> Proposal:
        prompt = proposal.program
        if not isinstance(prompt, Prompt):
            return proposal
        prompt = prompt.model_copy(update={"messages": asking(prompt.messages)})
        decisions = (*proposal.decisions, Decision(what=WHAT, by=DecidedBy.MODEL))
        return proposal.model_copy(update={"program": prompt, "decisions": decisions})


class _Space(ABC):
    """Draws from the space, and hears in the order of its draws what became of each."""

    @abstractmethod
    def draw(self) -> tuple[Hyperparameter, ...]:
        """Return the next hyperparameters."""

    @abstractmethod
    def hear(self, score: float | None) -> None:
        """Take in the score of the oldest draw that is not heard of; None says nothing of it."""


class _Random(_Space):
    def __init__(self, bench: Bench) -> None:
        self._rng = bench.rng(WHAT)

    def draw(self) -> tuple[Hyperparameter, ...]:
        values = {
            "lr": _by_logarithm(self._rng, *LR),
            "momentum": self._rng.uniform(*MOMENTUM),
            "dropout": self._rng.uniform(*DROPOUT),
            "batch": self._rng.choice(BATCHES),
            "weight_decay": _by_logarithm(self._rng, *WEIGHT_DECAY),
        }
        return fitting(values)

    def hear(self, score: float | None) -> None:
        """Nothing is learnt."""


class _Suggested(_Space):
    """Optuna's TPE; what a program's own failure says of its hyperparameters is nothing."""

    def __init__(self, bench: Bench) -> None:
        optuna = _optuna()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=bench.seed(WHAT) % 2**32)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._waiting: list[Any] = []

    def draw(self) -> tuple[Hyperparameter, ...]:
        trial = self._study.ask()
        self._waiting.append(trial)
        values = {
            "lr": trial.suggest_float("lr", *LR, log=True),
            "momentum": trial.suggest_float("momentum", *MOMENTUM),
            "dropout": trial.suggest_float("dropout", *DROPOUT),
            "batch": trial.suggest_categorical("batch", BATCHES),
            "weight_decay": trial.suggest_float("weight_decay", *WEIGHT_DECAY, log=True),
        }
        return fitting(values)

    def hear(self, score: float | None) -> None:
        trial = self._waiting.pop(0)
        if score is None:
            self._study.tell(trial, state=_optuna().trial.TrialState.FAIL)
        else:
            self._study.tell(trial, score)


def _by_logarithm(rng: random.Random, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _optuna() -> ModuleType:
    """Return the library, which only a run that asks for it needs.

    Raises:
        TunerMissing: It is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise TunerMissing(
            "strategy.hyperparameters = 'optuna' needs the extra `tune`: pip install optuna"
        ) from None
    module: ModuleType = optuna
    return module
