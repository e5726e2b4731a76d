"""The validation knows nothing of a program's near-duplicates, and its statistics are the field's."""

from __future__ import annotations

import random
from math import isnan

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from cycles.predicting.features import Group
from cycles.predicting.validation import (
    explained,
    feature_choices,
    next_cycles,
    own_ranks,
    pearson,
    quality,
    spearman,
)


def twins(count: int, each: int) -> tuple[list[dict[str, float]], list[float], list[int]]:
    """Programs in groups, features and score of a group drawn by chance: nothing to learn but the twins."""
    rng = random.Random(0)
    rows, scores, groups = [], [], []
    for group in range(count):
        drawn, score = {f"code/{name}": rng.random() for name in "abc"}, rng.random()
        for _ in range(each):
            rows.append(drawn)
            scores.append(score)
            groups.append(group)
    return rows, scores, groups


def test_a_program_is_not_predicted_from_its_own_twin() -> None:
    rows, scores, groups = twins(40, 4)
    assert quality(rows, scores, groups, [Group.CODE]).spearman.value < 0.3
    alone = quality(rows, scores, range(len(rows)), [Group.CODE])
    assert alone.spearman.value > 0.8, "with twins apart the same rows are easy"


def test_what_can_be_learnt_is_learnt_and_the_interval_holds_the_value() -> None:
    rng = random.Random(1)
    rows = [{"code/a": rng.random(), "curve/b": rng.random()} for _ in range(120)]
    scores = [row["code/a"] for row in rows]
    found = quality(rows, scores, range(120), [Group.CODE])
    assert found.features == 1 and found.spearman.value > 0.9 and found.r2.value > 0.8
    for measure in (found.r, found.r2, found.spearman):
        assert measure.low <= measure.value <= measure.high
    assert quality(rows, scores, range(120), [Group.CURVE]).r2.value < 0.1
    assert found == quality(rows, scores, range(120), [Group.CODE])


def test_statistics_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 9, 80).astype(float), rng.integers(0, 9, 80).astype(float) + 0.1
    said = said + truth
    assert pearson(truth, said) == pytest.approx(pearsonr(truth, said)[0])
    assert spearman(truth, said) == pytest.approx(spearmanr(truth, said)[0])
    assert explained(truth, truth) == 1 and explained(truth, np.full(80, truth.mean())) == pytest.approx(0)
    assert isnan(pearson(truth, np.ones(80))) and isnan(explained(np.ones(80), truth))


def test_a_number_ranks_over_the_programs_that_have_it() -> None:
    scores = [float(place) for place in range(80)]
    numbers = {"all": [-each for each in scores], "some": [None, *scores[1:]], "few": [None] * 79 + [1.0]}
    found = {each.name: each for each in own_ranks(numbers, scores, range(80))}
    assert found["all"].spearman.value == pytest.approx(-1) and found["all"].programs == 80
    assert found["some"].spearman.value == pytest.approx(1) and found["some"].programs == 79
    assert "few" not in found


def test_a_cycle_is_foretold_from_the_cycles_before_it_in_its_own_run() -> None:
    rng = random.Random(2)
    rows = [{"code/a": rng.random(), "graph/b": rng.random()} for _ in range(240)]
    places = [(run, cycle) for run in (0, 1) for cycle in (0, 1) for _ in range(60)]
    # What is good in one run is bad in the other, so only a run's own past tells.
    scores = [row["code/a"] if run else 1 - row["code/a"] for row, (run, _) in zip(rows, places, strict=True)]
    found = next_cycles(rows, scores, places, (Group.CODE, Group.GRAPH))
    assert [(each.run, each.cycle, each.programs) for each in found] == [(0, 1, 60), (1, 1, 60)]
    for each in found:
        assert each.spearman > 0.9 and each.mean_of_quarter > each.mean + 0.25
    by_other = next_cycles(rows, scores, places, (Group.GRAPH,))
    assert all(abs(each.spearman) < 0.4 for each in by_other)


def test_each_group_is_tried_alone_and_left_out() -> None:
    choices = feature_choices(list(Group))
    assert {(each,) for each in Group} < set(choices) and (Group.CODE, Group.GRAPH) in choices
    assert all(tuple(other for other in Group if other is not each) in choices for each in Group)
    assert choices[-1] == tuple(Group) and len(choices) == len(set(choices)) == 10
