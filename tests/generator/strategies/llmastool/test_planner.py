"""The planner: Thompson sampling finds the operation that helps; its control does not look for it."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from corpus.records.search.proposals import DecidedBy
from generator.strategies.llmastool.evidence import posterior_of
from generator.strategies.llmastool.planner import Arm, Belief, Category, Planner
from generator.strategies.llmastool.settings import Settings
from tests.generator.strategies.llmastool.planted import OPERATIONS, TrailBench, Trails, searched

SEEDS = 30


def believed_best(seed: int, settings: Settings) -> tuple[str, Counter[str]]:
    """Return the operation of the greatest posterior mean after 100 evaluations, and the trials of each."""
    planted = OPERATIONS[seed % len(OPERATIONS)]
    bench = TrailBench(seed=seed)
    searched(bench, settings, Trails(planted), 100)
    posterior = posterior_of(bench.heard, settings)
    best = max(OPERATIONS, key=lambda name: posterior.operation(name).mean)
    return best, Counter({name: posterior.trials(name) for name in OPERATIONS})


def test_the_planted_operation_has_the_greatest_posterior_mean_in_28_of_30_seeds() -> None:
    found = [
        believed_best(seed, Settings())[0] == OPERATIONS[seed % len(OPERATIONS)] for seed in range(SEEDS)
    ]
    assert sum(found) >= 28


def test_the_planted_operation_is_tried_more_often_than_by_the_uniform_planner() -> None:
    def share(settings: Settings) -> float:
        tried = [believed_best(seed, settings)[1] for seed in range(6)]
        planted = sum(counts[OPERATIONS[seed % len(OPERATIONS)]] for seed, counts in enumerate(tried))
        return planted / sum(counts.total() for counts in tried)

    assert share(Settings()) > 0.35
    assert share(Settings(planner="uniform")) < 0.25


def learned(planner: Planner, arm: Arm, successes: int, failures: int) -> None:
    for better in (*[True] * successes, *[False] * failures):
        planner.posterior.learn(arm, better=better)


def test_epsilon_is_the_share_of_uniform_draws_and_the_rest_follows_the_beliefs() -> None:
    planner, rng = Planner(Settings(epsilon=0.3)), random.Random(0)
    learned(planner, Arm("swap", Category.RELY), 200, 0)
    for category in Category:
        learned(planner, Arm("set", category), 0, 200)
    plans = [planner.plan(["set", "swap"], rng) for _ in range(2000)]
    by_chance = [plan for plan in plans if plan.operation_by is DecidedBy.CHANCE]
    assert len(by_chance) / len(plans) == pytest.approx(0.3, abs=0.04)
    assert Counter(plan.arm.operation for plan in by_chance)["set"] / len(by_chance) == pytest.approx(
        0.5, abs=0.06
    )
    assert {plan.arm.operation for plan in plans if plan.operation_by is DecidedBy.RULE} == {"swap"}


def test_the_category_is_chosen_after_the_operation_by_its_own_belief() -> None:
    planner, rng = Planner(Settings(epsilon=0.0)), random.Random(0)
    learned(planner, Arm("swap", Category.REVERSE), 100, 0)
    learned(planner, Arm("swap", Category.RELY), 0, 100)
    learned(planner, Arm("swap", Category.MINIMAL), 0, 100)
    plans = [planner.plan(["swap"], rng) for _ in range(50)]
    assert {plan.arm.category for plan in plans} == {Category.REVERSE}


def test_a_belief_is_the_prior_and_the_counts_and_an_operation_adds_up_its_arms() -> None:
    planner = Planner(Settings(prior_successes=2, prior_failures=3))
    learned(planner, Arm("swap", Category.RELY), 4, 1)
    learned(planner, Arm("swap", Category.MINIMAL), 0, 2)
    assert planner.posterior.arm(Arm("swap", Category.RELY)) == Belief(6, 4)
    assert planner.posterior.operation("swap") == Belief(6, 6)
    assert planner.posterior.operation("set") == Belief(2, 3)
    assert planner.posterior.trials("swap") == 7


def test_the_uniform_planner_decides_all_by_chance() -> None:
    planner, rng = Planner(Settings(planner="uniform")), random.Random(0)
    learned(planner, Arm("swap", Category.RELY), 500, 0)
    plans = [planner.plan(OPERATIONS, rng) for _ in range(700)]
    assert {plan.operation_by for plan in plans} == {plan.category_by for plan in plans} == {DecidedBy.CHANCE}
    assert max(Counter(plan.arm.operation for plan in plans).values()) < 150
