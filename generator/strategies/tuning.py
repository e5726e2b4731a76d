"""Who chooses what a program is trained with: a wrapper around any strategy.

    protocol   nobody: the protocol hands the same to all
    random     a seeded draw from a fixed space: the control
    optuna     Optuna's TPE over the same space (Akiba et al., 2019), told of every valid score
    model      the model, beside its program (`generator.prompts.asides`), as in nn-gpt

Hyperparameters and augmentations (`transforms`) are chosen apart, each from a space that is ours. They are
searched apart from the programs: what is good for one is taken to be good for the next. This module does
*not* hand anything to a program.
"""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Literal, NamedTuple

from corpus.records.mistakes import Mistake
from corpus.records.search.hyperparameters import AUGMENTATIONS
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample
from generator.prompts.asides import ASIDES
from generator.strategies.choices import Chooser
from generator.strategies.contract import Bench, Strategy
from generator.strategies.wrapping import Change, Wrapped, whole_program

What = Literal["hyperparameters", "transforms"]


class TunerMissing(Mistake):
    """Optuna is not installed."""


class Dimension(NamedTuple):
    """One value that is chosen.

    Attributes:
        low, high: The least and the most.
        logarithmic: Whether it is drawn by its logarithm.
        options: What it is one of; empty where it is any number of the range.
        optional: Whether it is left at 0 half the time.
    """

    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False
    options: tuple[int, ...] = ()
    optional: bool = False


SPACES: Mapping[What, Mapping[str, Dimension]] = {
    "hyperparameters": {
        "lr": Dimension(1e-3, 0.3, logarithmic=True),
        "momentum": Dimension(0.5, 0.99),
        "dropout": Dimension(0.0, 0.5),
        "batch": Dimension(options=(8, 16, 32, 64)),
        "weight_decay": Dimension(1e-6, 1e-2, logarithmic=True),
    },
    "transforms": {
        name: Dimension(each.low, each.high / 2, optional=True) for name, each in AUGMENTATIONS.items()
    },
}
"""What is drawn from; of augmentations the milder half, since an epoch is short."""


def tuned(strategy: Strategy, what: What, by: Chooser) -> Strategy:
    """Return a strategy whose programs are trained with what `by` chooses.

    Raises:
        TunerMissing: It is Optuna, which is not installed.
    """
    match by:
        case "protocol":
            return strategy
        case "model":
            return _SaidByTheModel(strategy, what)
        case "random":
            return _Drawn(strategy, what, DecidedBy.CHANCE)
        case "optuna":
            _optuna()
            return _Drawn(strategy, what, DecidedBy.RULE)


class _Drawn(Wrapped):
    """Values of every proposal are drawn, or suggested by Optuna from the trials so far."""

    def __init__(self, inner: Strategy, what: What, by: DecidedBy) -> None:
        super().__init__(inner)
        self._what, self._by = what, by

    def change(self, bench: Bench) -> Change:
        """Return draws from the space."""
        kind = _Random if self._by is DecidedBy.CHANCE else _Suggested
        return _Drawing(self._what, kind(bench.seed(self._what), SPACES[self._what]), self._by)


class _Drawing(Change):
    def __init__(self, what: What, space: _Space, by: DecidedBy) -> None:
        self._what, self._space, self._by = what, space, by

    def changed(self, proposal: Proposal) -> Proposal:
        values = ASIDES[self._what].fit(self._space.draw())
        decisions = (*proposal.decisions, Decision(what=self._what, by=self._by))
        return proposal.model_copy(update={self._what: values, "decisions": decisions})

    def heard(self, trial: Trial) -> None:
        self._space.hear(trial.accuracy)


class _SaidByTheModel(Wrapped):
    """Prompts ask for values too; programs that are no answers keep the protocol's."""

    def __init__(self, inner: Strategy, what: What) -> None:
        super().__init__(inner)
        self._what = what

    def change(self, _bench: Bench) -> Change:
        """Return the question that is added."""
        return _Asking(self._what)

    def lesson(self, trial: Trial, plain: TrainingExample) -> TrainingExample | None:
        """Return the inner strategy's lesson, with what the program was trained with before it."""
        lesson, values = self.inner.lesson(trial, plain), getattr(trial.candidate, self._what)
        if lesson is None or not values:
            return lesson
        said = ASIDES[self._what].tagged(values)
        return lesson.model_copy(update={"completion": f"{said}\n{lesson.completion}"})


class _Asking(Change):
    def __init__(self, what: What) -> None:
        self._what = what

    def changed(self, proposal: Proposal) -> Proposal:
        prompt = whole_program(proposal)
        if prompt is None:
            return proposal
        prompt = prompt.model_copy(update={"messages": ASIDES[self._what].asking(prompt.messages)})
        decisions = (*proposal.decisions, Decision(what=self._what, by=DecidedBy.MODEL))
        return proposal.model_copy(update={"program": prompt, "decisions": decisions})


class _Space(ABC):
    """Draws from the space, and hears in the order of its draws what became of each."""

    def __init__(self, seed: int, dimensions: Mapping[str, Dimension]) -> None:
        self._seed, self._dimensions = seed, dimensions

    @abstractmethod
    def draw(self) -> dict[str, float]:
        """Return the next values by name."""

    @abstractmethod
    def hear(self, score: float | None) -> None:
        """Take in the score of the oldest draw that is not heard of; None says nothing of it."""


class _Random(_Space):
    def __init__(self, seed: int, dimensions: Mapping[str, Dimension]) -> None:
        super().__init__(seed, dimensions)
        self._rng = random.Random(seed)

    def draw(self) -> dict[str, float]:
        return {name: self._value(each) for name, each in self._dimensions.items()}

    def hear(self, score: float | None) -> None:
        """Nothing is learnt."""

    def _value(self, of: Dimension) -> float:
        if of.optional and self._rng.random() < 0.5:
            return 0.0
        if of.options:
            return self._rng.choice(of.options)
        if of.logarithmic:
            return math.exp(self._rng.uniform(math.log(of.low), math.log(of.high)))
        return self._rng.uniform(of.low, of.high)


class _Suggested(_Space):
    """Optuna's TPE; what a program's own failure says of its values is nothing."""

    def __init__(self, seed: int, dimensions: Mapping[str, Dimension]) -> None:
        super().__init__(seed, dimensions)
        optuna = _optuna()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed % 2**32)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._waiting: list[Any] = []

    def draw(self) -> dict[str, float]:
        trial = self._study.ask()
        self._waiting.append(trial)
        return {name: _suggested(trial, name, each) for name, each in self._dimensions.items()}

    def hear(self, score: float | None) -> None:
        trial = self._waiting.pop(0)
        if score is None:
            self._study.tell(trial, state=_optuna().trial.TrialState.FAIL)
        else:
            self._study.tell(trial, score)


def _suggested(trial: Any, name: str, of: Dimension) -> float:
    """Return what a trial of Optuna's suggests for one value."""
    if of.optional and not trial.suggest_categorical(f"some {name}", (False, True)):
        return 0.0
    if of.options:
        return trial.suggest_categorical(name, of.options)
    return trial.suggest_float(name, of.low, of.high, log=of.logarithmic)


def _optuna() -> ModuleType:
    """Return the library, which only a run that asks for it needs.

    Raises:
        TunerMissing: It is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise TunerMissing("choices by 'optuna' need the extra `tune`: pip install 'optuna==5.0.*'") from None
    module: ModuleType = optuna
    return module
