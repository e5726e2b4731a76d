"""The figures that watch for narrowing, and the statistics under them."""

from __future__ import annotations

import random
from itertools import combinations
from statistics import median

import numpy as np
import pytest

from corpus.novelty.diversity import (
    block_families,
    entropy_bits,
    mean_length,
    median_jaccard,
    skeleton,
    traits,
    unique_share,
)
from corpus.novelty.similarity import Shingler
from corpus.records.tasks.shape import TaskShape
from cycles.figures.statistics import bootstrap_interval, mean_interval, quantiles, wilson
from generator.grammar import sample_program

NET = """
import torch
import torch.nn as nn
import torch.nn.functional as F

{extra}

class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3)
        {layers}

    def forward(self, x):
        x = self.stem(x)
        {forward}
        return self.head(x.mean((2, 3)))
"""


def net(layers: str = "pass", forward: str = "pass", extra: str = "") -> str:
    def body(text: str) -> str:
        return text.replace("\n", "\n        ")

    return NET.format(layers=body(layers), forward=body(forward), extra=extra)


SE_CLASS = """
class Gate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.fc = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c // 4, 1), nn.ReLU(), nn.Sigmoid())

    def forward(self, x):
        return self.fc(x)
"""
FAMILIES = [
    (net(), {"plain"}),
    (net("self.a = nn.Conv2d(16, 16, 3)", "x = x + self.a(x)"), {"residual"}),
    (
        net("self.a = nn.Conv2d(16, 16, 3)", "identity = x\nx = F.relu(self.a(x))\nx += identity"),
        {"residual"},
    ),
    (
        net(
            "self.a = nn.Conv2d(16, 16, 3)\nself.s = nn.Conv2d(16, 16, 1)",
            "x = torch.add(self.a(x), self.s(x))",
        ),
        {"residual"},
    ),
    (net("self.bias = nn.Parameter(torch.zeros(1))", "x = x + self.bias\nx = x + 1"), {"plain"}),
    (
        net(
            "self.a = nn.Conv2d(16, 8, 1)\nself.b = nn.Conv2d(16, 8, 5)",
            "x = torch.cat([self.a(x), self.b(x)], 1)",
        ),
        {"inception"},
    ),
    (
        net(
            "self.bs = nn.ModuleList([nn.Conv2d(16, 8, k) for k in (1, 3)])",
            "x = torch.cat([b(x) for b in self.bs], dim=1)",
        ),
        {"inception"},
    ),
    (
        net(
            "self.bs = nn.ModuleList([nn.Conv2d(16, 8, k) for k in (1, 3)])",
            "outs = []\nfor b in self.bs:\n    outs.append(b(x))\nx = torch.cat(outs, 1)",
        ),
        {"inception"},
    ),
    (
        net(
            "",
            "a = F.adaptive_avg_pool2d(x, 1).flatten(1)\nb = F.adaptive_max_pool2d(x, 1).flatten(1)\n"
            "x = torch.cat([a, b], 1)",
        ),
        {"plain"},
    ),
    (net("self.a = nn.Conv2d(16, 16, 3)", "x = torch.cat((x, self.a(x)), 1)"), {"dense"}),
    (
        net(
            "self.bs = nn.ModuleList([nn.Conv2d(16 + 8 * i, 8, 3) for i in range(3)])",
            "fs = [x]\nfor b in self.bs:\n    fs.append(b(torch.cat(fs, 1)))\nx = torch.cat(fs, 1)",
        ),
        {"dense"},
    ),
    (net("self.a = nn.Conv2d(16, 16, 3, groups=16)"), {"depthwise"}),
    (net("self.a = nn.Conv2d(16, 16, 3, 1, 1, 1, 16)"), {"depthwise"}),
    (
        net("self.a = nn.Conv2d(16, 16, 3, groups=1)\nself.n = nn.GroupNorm(num_groups=4, num_channels=16)"),
        {"plain"},
    ),
    (net("self.gate = Gate(16)", "x = x * self.gate(x)", SE_CLASS), {"squeeze_excite"}),
    (
        net(
            "self.f = nn.Linear(16, 16)",
            "w = torch.sigmoid(self.f(x.mean((2, 3))))\nx = x * w[:, :, None, None]",
        ),
        {"squeeze_excite"},
    ),
    (net("", "x = x * torch.sigmoid(x)"), {"plain"}),
    (
        net("self.b = nn.Sequential(nn.Conv2d(16, 4, 1), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 16, 1))"),
        {"bottleneck"},
    ),
    (
        net(
            "self.q = nn.Linear(16, 16)",
            "q = self.q(x.flatten(2).transpose(1, 2))\nx = F.softmax(q @ q.transpose(1, 2), dim=-1) @ q",
        ),
        {"attention"},
    ),
    (net("self.a = nn.MultiheadAttention(16, 4)"), {"attention"}),
    (net().replace("nn.Conv2d(1, 16, 3)", "nn.Linear(144, 16)"), {"mlp"}),
    ("def broken(:", set()),
    ("x = " + "(" * 500, set()),
]


@pytest.mark.parametrize("source, families", FAMILIES)
def test_the_families_of_a_program_are_those_that_it_was_built_from(source: str, families: set[str]) -> None:
    assert block_families(source) == families


def test_every_family_that_the_grammar_puts_in_is_found() -> None:
    rng, shape = random.Random(11), TaskShape(channels=3, height=16, width=16, classes=10)
    for _ in range(60):
        program = sample_program(rng, shape)
        # Grouped convolutions stand in some programs that the grammar calls plain.
        assert set(program.families) - {"plain"} <= block_families(program.source), program.source


def test_a_program_with_other_numbers_and_names_has_the_same_skeleton() -> None:
    assert skeleton(net()) == skeleton(net().replace("16", "48").replace("stem", "first"))
    assert skeleton(net()) != skeleton(net("self.a = nn.Conv2d(16, 16, 3)"))


def test_unique_skeletons_are_counted_per_program() -> None:
    sources = [net(), net().replace("16", "48"), "x = 1", "y = 1 + 1"]
    assert unique_share([traits(source, Shingler()).design for source in sources]) == 3 / 4
    assert unique_share([]) == 0.0


def test_the_median_similarity_is_over_all_pairs() -> None:
    sources = ["a = 1", "a = 1", "a = 2", "import torch\nx = torch.add(1, 2)\nprint(x)"]
    shingler = Shingler(2)
    exact = median(shingler.similarity(a, b) for a, b in combinations(sources, 2))
    assert median_jaccard([shingler.array(each) for each in sources]) == exact


def test_a_sampled_median_is_reproducible_and_near_the_exact_one() -> None:
    rng, shape = random.Random(13), TaskShape(channels=1, height=12, width=12, classes=10)
    sources = [sample_program(rng, shape).source for _ in range(40)]
    sets = [Shingler().array(each) for each in sources]
    exact = median_jaccard(sets)
    sampled = [median_jaccard(sets, max_pairs=400, seed=1) for _ in range(2)]
    assert sampled[0] == sampled[1] == pytest.approx(exact, abs=0.03)


def test_one_program_has_no_median_similarity() -> None:
    assert median_jaccard([Shingler().array("x = 1")]) is None


def test_entropy_is_zero_for_one_family_and_log_of_the_number_for_even_ones() -> None:
    assert entropy_bits({"plain": 7}) == 0.0
    assert entropy_bits({}) == 0.0
    assert entropy_bits({"a": 3, "b": 3, "c": 3, "d": 3, "unused": 0}) == pytest.approx(2.0)


def test_length_is_counted_in_canonical_tokens() -> None:
    assert mean_length(["x = 1  # one", "f(x)"]) == (3 + 4) / 2


def test_wilson_agrees_with_published_values() -> None:
    rate = wilson(81, 263)  # Newcombe 1998, table I: .2553 to .3662
    assert (round(rate.low, 4), round(rate.high, 4)) == (0.2553, 0.3662)
    rate = wilson(0, 20)  # the same: 0 to .1611
    assert (rate.low, round(rate.high, 4)) == (0.0, 0.1611)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_wilson_refuses_what_is_no_share() -> None:
    with pytest.raises(ValueError, match="not a share"):
        wilson(3, 2)


def test_the_interval_of_a_mean_covers_it_95_times_in_100() -> None:
    rng = random.Random(17)
    intervals = [mean_interval([rng.gauss(0.5, 0.05) for _ in range(5)]) for _ in range(2_000)]
    covered = sum(interval.low <= 0.5 <= interval.high for interval in intervals) / len(intervals)
    assert covered == pytest.approx(0.95, abs=0.015)


def test_the_mean_of_little_claims_little() -> None:
    assert mean_interval([]).count == 0
    assert (mean_interval([0.4]).low, mean_interval([0.4]).high) == (0.0, 1.0)
    assert mean_interval([0.9, 1.0]).high == 1.0


def test_quantiles_agree_with_numpy() -> None:
    rng = random.Random(19)
    values = [rng.random() for _ in range(37)]
    points = [0.0, 0.1, 0.25, 0.5, 0.9, 1.0]
    assert quantiles(values, points) == pytest.approx(np.quantile(values, points))


@pytest.mark.parametrize("noise", [-4e-17, 0.0, 4e-17])
def test_an_interval_that_ends_at_zero_holds_it_whatever_the_last_bits(noise: float) -> None:
    differences = np.array([97, -32, 63, 69, 8]) / 1044 + noise  # -32 and four times 8 add up to nothing
    low, _ = bootstrap_interval(differences, lambda tables: tables.mean(axis=1), resamples=10_000)
    _, high = bootstrap_interval(-differences, lambda tables: tables.mean(axis=1), resamples=10_000)
    assert (low, high) == (0.0, 0.0) and "-" not in f"{low:.3f}{high:.3f}"


def test_the_bootstrap_interval_of_a_mean_is_students_over_many_rows() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.1, 400)
    expected = mean_interval(values.tolist())
    low, high = bootstrap_interval(values, lambda tables: tables.mean(axis=1))
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.002)


def test_a_bootstrap_draws_rows_as_wholes_and_the_same_ones_again() -> None:
    pairs = np.array([(each, 2 * each) for each in range(1, 20)], dtype=float)

    def ratio(tables: np.ndarray) -> np.ndarray:
        assert tables.shape == (50, 19, 2)
        return tables[..., 1].sum(axis=1) / tables[..., 0].sum(axis=1)

    assert bootstrap_interval(pairs, ratio, resamples=50) == (2.0, 2.0)
    spread = [bootstrap_interval(pairs, lambda tables: tables.mean(axis=(1, 2))) for _ in range(2)]
    assert spread[0] == spread[1] and spread[0][0] < spread[0][1]


def test_a_bootstrap_passes_over_resamples_without_a_statistic_and_refuses_no_rows() -> None:
    rows = np.array([1.0, 1.0, np.nan])
    assert bootstrap_interval(rows, lambda tables: tables.mean(axis=1)) == (1.0, 1.0)
    with pytest.raises(ValueError, match="needs rows"):
        bootstrap_interval(np.empty(0), lambda tables: tables.mean(axis=1))
