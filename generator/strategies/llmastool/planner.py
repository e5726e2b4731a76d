"""Which operation comes next, and how much of it the model decides: epsilon-greedy Thompson sampling.

An arm is an operation with a prompt category; its reward is 1 where the child is better than its parent, and
the belief in it is a Beta distribution. Each plan draws an operation first, by the belief in all its arms
together, and then one of its categories; in a share epsilon of the cases by a uniform draw, else the one of
the greatest draw from its belief (Thompson 1933).

From notes on the full paper: epsilon 0.5, operation before category, the three categories, the sign of the
improvement as reward. Ours: a coin for each of the two levels, and the belief in an operation as the sum of
its arms'. This module does *not* know what an operation does.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, TypeVar

from corpus.records.search.proposals import DecidedBy
from generator.strategies.llmastool.settings import Settings

Choice = TypeVar("Choice")


class Category(StrEnum):
    """How much of an edit the model decides."""

    RELY = "rely"
    """All of it: the location, the module, its arguments."""
    REVERSE = "reverse"
    """The model says what it would take, and the search takes something else, wherever there is something
    else: a way out of what models always do. The name is the paper's by the notes, the reading ours."""
    MINIMAL = "minimal"
    """The module alone, or the arguments where no module is chosen; the rest is drawn."""


class Arm(NamedTuple):
    """An operation, and the prompt category in which it is filled in."""

    operation: str
    category: Category


class Belief(NamedTuple):
    """A Beta distribution over the chance that an arm makes a network better.

    Attributes:
        successes: Its first parameter, the prior's included.
        failures: Its second one.
    """

    successes: float
    failures: float

    @property
    def mean(self) -> float:
        """The expected chance, in (0, 1)."""
        return self.successes / (self.successes + self.failures)

    def draw(self, rng: random.Random) -> float:
        """Draw a chance."""
        return rng.betavariate(self.successes, self.failures)


class Posterior:
    """What was learnt of all arms so far.

    Args:
        prior: The belief in an arm, and in an operation, of which nothing is known.
    """

    def __init__(self, prior: Belief) -> None:
        self.prior = prior
        self.successes, self.failures = Counter[Arm](), Counter[Arm]()

    def learn(self, arm: Arm, *, better: bool) -> None:
        """Take in one more outcome of an arm."""
        (self.successes if better else self.failures)[arm] += 1

    def arm(self, arm: Arm) -> Belief:
        """Return the belief in an arm."""
        return Belief(self.prior.successes + self.successes[arm], self.prior.failures + self.failures[arm])

    def operation(self, name: str) -> Belief:
        """Return the belief in an operation, whatever its category."""
        arms = [Arm(name, category) for category in Category]
        return Belief(
            self.prior.successes + sum(self.successes[arm] for arm in arms),
            self.prior.failures + sum(self.failures[arm] for arm in arms),
        )

    def trials(self, name: str) -> int:
        """Return how many outcomes of an operation there are."""
        return sum(self.successes[arm] + self.failures[arm] for arm in (Arm(name, each) for each in Category))


class Plan(NamedTuple):
    """What is to be done next.

    Attributes:
        arm: The operation and the category.
        operation_by: Who chose the operation: the rule where it followed the beliefs or repeats.
        category_by: Who chose the category.
        repeated: Whether it is done again because it has just helped.
    """

    arm: Arm
    operation_by: DecidedBy
    category_by: DecidedBy
    repeated: bool = False


class Planner:
    """Chooses arms, and learns of them."""

    def __init__(self, settings: Settings) -> None:
        """Start without knowledge."""
        self.posterior = Posterior(Belief(settings.prior_successes, settings.prior_failures))
        self._epsilon = 1.0 if settings.planner == "uniform" else settings.epsilon

    def plan(self, operations: Sequence[str], rng: random.Random) -> Plan:
        """Return the next plan, among operations of which there is at least one."""
        operation, operation_by = self._pick(
            operations, [self.posterior.operation(each) for each in operations], rng
        )
        arms = [Arm(operation, category) for category in Category]
        arm, category_by = self._pick(arms, [self.posterior.arm(each) for each in arms], rng)
        return Plan(arm, operation_by, category_by)

    def _pick(
        self, choices: Sequence[Choice], beliefs: Sequence[Belief], rng: random.Random
    ) -> tuple[Choice, DecidedBy]:
        if rng.random() < self._epsilon:
            return rng.choice(choices), DecidedBy.CHANCE
        draws = [belief.draw(rng) for belief in beliefs]
        return choices[max(range(len(draws)), key=draws.__getitem__)], DecidedBy.RULE


def again(arm: Arm) -> Plan:
    """Return the plan that repeats an arm after its success."""
    return Plan(arm, DecidedBy.RULE, DecidedBy.RULE, repeated=True)
