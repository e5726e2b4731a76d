"""A portfolio: several strategies take turns in one run, and who finds good networks is given more of them.

As algorithm portfolios are (Huberman, Lukose and Hogg 1997, "An Economics Approach to Hard Computational
Problems"), it is to be about as good as its best member, whichever that turns out to be. By default the
closed loop shares the run with regularised evolution over the grammar. Each hears of its own trials alone;
what all of them find is taught, so the model learns from evolution's winners as well.

This module does *not* propose anything itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from corpus.records.search.proposals import DecidedBy, Decision
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample
from generator.spaces.contract import Space
from generator.strategies.catalogue import build_strategy, first_fault, settings_of
from generator.strategies.contract import Bench, Conversation, Strategy
from generator.strategies.portfolio.bandit import Bandit

Name = Literal["closed-loop", "edits", "evolution", "random"]

_TURN = "turn of "


class Settings(BaseModel):
    """The table `[strategy.settings]` of a portfolio."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    members: dict[Name, dict[str, Any]] = Field(
        default={"closed-loop": {"batch": 12}, "evolution": {}}, min_length=2
    )
    """Who takes turns, each with its own settings, at least two of `closed-loop`, `edits`, `evolution` and
    `random`. A turn is a batch of the member's; that of the closed loop, and of edits without repairs, is the
    rest of the cycle unless their `batch` says less."""

    turns: Literal["bandit", "even"] = "bandit"
    """Who decides whose turn it is, once everybody had one in a cycle: a `bandit`, by what came of earlier
    turns; or, as its control, nobody: `even` turns, one after the other."""

    elite: float = Field(default=0.1, gt=0, lt=1)
    """Share of all trials so far, the best ones, that the bandit counts as successes."""

    discount: float = Field(default=0.98, gt=0, le=1)
    """What an outcome is still worth to the bandit after one more; 0.98 forgets half in 34 trials."""

    @field_validator("members")
    @classmethod
    def _each_has_its_own_settings(
        cls, members: Mapping[Name, dict[str, Any]]
    ) -> Mapping[Name, dict[str, Any]]:
        for name, settings in members.items():
            try:
                settings_of(name, settings)
            except ValidationError as error:
                raise ValueError(first_fault(error, name)) from None
        return members


class Portfolio(Strategy):
    """Gives each batch of a run to one of several strategies."""

    name = "portfolio"

    def __init__(self, settings: Settings, space: Space[Any]) -> None:
        """Hold the members, those that search one over `space`."""
        self._settings = settings
        self._members: dict[str, Strategy] = {
            name: build_strategy(name, each, space) for name, each in settings.members.items()
        }

    def search(self, bench: Bench) -> Conversation:
        """Give out turns until no member has anything more to try."""
        bandit = Bandit(list(self._members), elite=self._settings.elite, discount=self._settings.discount)
        conversations = {name: each.search(bench) for name, each in self._members.items()}
        told: dict[str, list[Trial]] = {}
        for name in self._turns(bench, bandit, conversations):
            # A member hears of its last turn when its next one comes, and asks what it asks then.
            conversation = conversations[name]
            try:
                proposals = conversation.send(told[name]) if name in told else next(conversation)
            except StopIteration:
                del conversations[name]
                continue
            given = Decision(what=f"{_TURN}{name}", by=DecidedBy.RULE)
            told[name] = yield [
                each.model_copy(update={"decisions": (given, *each.decisions)}) for each in proposals
            ]
            bandit.learn(name, [trial.accuracy for trial in told[name]])

    def lesson(self, trial: Trial, plain: TrainingExample) -> TrainingExample | None:
        """Return the lesson of the member whose turn it was."""
        whose = (
            each.what.removeprefix(_TURN) for each in trial.candidate.decisions if each.what.startswith(_TURN)
        )
        member = self._members.get(next(whose, ""))
        return plain if member is None else member.lesson(trial, plain)

    def _turns(self, bench: Bench, bandit: Bandit, left: Mapping[str, object]) -> Iterator[str]:
        """Yield whose turn it is as long as somebody is left.

        Everybody's comes once in each cycle before any is drawn, since a model has learnt between two cycles.
        """
        rng, even, begun = bench.rng("portfolio"), cycle(self._members), None
        while left:
            if begun != bench.cycle:
                begun = bench.cycle
                yield from [name for name in self._members if name in left]
            else:
                name = next(even) if self._settings.turns == "even" else bandit.draw(list(left), rng)
                if name in left:
                    yield name


def build(settings: Settings, space: Space[Any]) -> Portfolio:
    """Return the strategy over `space`."""
    return Portfolio(settings, space)
