"""The figures of a planner: beliefs are counts and a prior, the model's share is what the rows say."""

from __future__ import annotations

import pytest
from scipy.stats import beta

from corpus.records.search.trials import Trial
from cycles.config.run import RunConfig, load_config
from cycles.figures.planning import credible, planning
from generator.strategies.llmastool.planner import Belief, Category
from generator.strategies.llmastool.settings import Settings
from tests.generator.strategies.llmastool.planted import OPERATIONS, TrailBench, Trails, searched
from tests.generator.strategies.llmastool.test_strategy import Naming

CONFIG: RunConfig = load_config(
    "cpu-tiny",
    ["strategy.name=llmastool", "strategy.space=trees", "teaching.by=nobody", "corpus.novelty=key"],
)


def trials(bench: TrailBench) -> list[Trial]:
    searched(bench, Settings(), Trails(), 100)
    return bench.heard


def test_the_planted_operation_comes_first_and_counts_add_up() -> None:
    heard = trials(TrailBench())
    found = planning([(CONFIG, heard)])
    assert found is not None
    wholes = [figure for figure in found.arms if figure.category is None]
    assert wholes[0].operation == "swap" and {figure.operation for figure in wholes} <= set(OPERATIONS)
    assert sum(figure.trials for figure in wholes) == len(heard) - 1
    for whole in wholes:
        parts = [each for each in found.arms if each.operation == whole.operation and each.category]
        assert sum(part.helped for part in parts) == whole.helped
        assert whole.chance.value == (whole.helped + 1) / (whole.trials + 2)
    assert found.sentence.startswith("Believed to help most: swap")


def test_runs_of_one_arm_add_up_with_one_prior() -> None:
    one, two = trials(TrailBench(seed=1)), trials(TrailBench(seed=2))
    found = [planning([(CONFIG, each)]) for each in (one, two)]
    both = planning([(CONFIG, one), (CONFIG, two)])
    assert both is not None
    counts = [{f.operation: f.trials for f in each.arms if f.category is None} for each in found if each]
    whole = next(figure for figure in both.arms if figure.operation == "swap" and figure.category is None)
    assert whole.trials == sum(each["swap"] for each in counts)


def test_a_belief_has_the_interval_of_its_beta_distribution() -> None:
    found = credible(Belief(3, 5))
    assert (found.low, found.high) == pytest.approx(beta(3, 5).interval(0.95))
    assert found.value == 3 / 8


def test_the_models_share_and_adherence_are_those_of_the_categories() -> None:
    found = planning([(CONFIG, trials(Naming()))])
    assert found is not None
    shares = {share.category: share for share in found.shares}
    assert shares[Category.RELY].decided.value == shares[Category.RELY].followed.value == 1.0
    assert shares[Category.REVERSE].decided.value == shares[Category.REVERSE].followed.value == 0.0
    assert 0 < shares[Category.MINIMAL].decided.value < 1
    assert shares[Category.MINIMAL].followed.value == 1.0
    assert found.decided.count == sum(share.decided.count for share in found.shares)
    assert "reverse 0%" in found.sentence


def test_without_a_model_nothing_is_the_models() -> None:
    found = planning([(CONFIG, trials(TrailBench()))])
    assert found is not None and found.decided.count == 0 < found.decided.total
    assert "No model decided any" in found.sentence


def test_another_search_has_no_plans() -> None:
    assert planning([(load_config("cpu-tiny", []), trials(TrailBench()))]) is None
    assert planning([(CONFIG, [])]) is None
