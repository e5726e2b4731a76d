"""The space of cells: its key knows equal networks, and its programs compute what the cells say."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from generator.spaces.cells import KERNELS, OPERATORS, OPERATORS_3, CellSpace
from generator.spaces.wiring import EDGES, NONE, POOL, SKIP
from tests.generator.spaces.building import DIGITS, SHAPES, build, structure

SPACE = CellSpace(DIGITS)


def cell(text: str) -> tuple[str, ...]:
    found = SPACE.decode(text)
    assert found is not None
    return found


def draw(count: int, seed: int = 0) -> list[tuple[str, ...]]:
    rng = random.Random(seed)
    return [SPACE.sample(rng) for _ in range(count)]


def literal(point: tuple[str, ...], convolutions: list[Any], x: Any) -> Any:
    """Compute a cell edge by edge, as its definition has it, with one of the convolutions for each edge."""
    import torch

    nodes, waiting = [x, 0, 0, 0], list(convolutions)
    for op, (source, target) in zip(point, EDGES, strict=True):
        taken = nodes[source] if isinstance(nodes[source], torch.Tensor) else torch.zeros_like(x)
        if op == SKIP:
            nodes[target] = nodes[target] + taken
        elif op == POOL:
            pool = torch.nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
            nodes[target] = nodes[target] + pool(taken)
        elif op != NONE:
            nodes[target] = nodes[target] + _convolve(waiting.pop(0), taken)
    return nodes[3] if isinstance(nodes[3], torch.Tensor) else torch.zeros_like(x)


def _convolve(module: Any, x: Any) -> Any:
    """Apply a convolution; none lies where an edge is dead, or its input is zero everywhere."""
    return x * 0 if module is None or not bool(x.any()) else module(x)


def arrangements(convolutions: list[Any], point: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the ways to lay a program's convolutions on the edges of a cell that ask for such kernels."""
    kernels = [KERNELS[op] for op in point if op in KERNELS]
    laid = [*convolutions, *[None] * (len(kernels) - len(convolutions))]
    for way in set(itertools.permutations(laid)):
        if all(
            module is None or module[1].kernel_size[0] == kernel
            for module, kernel in zip(way, kernels, strict=True)
        ):
            yield way


def test_programs_compute_what_the_edges_of_the_cell_say() -> None:
    """With the weights of the program's convolutions on the right edges, the literal cell gives the same."""
    import torch

    for point in draw(25, seed=1):
        torch.manual_seed(0)
        module = build(SPACE.render(point), DIGITS).features[2].double().eval()
        own = [each for name, each in module.named_children() if name.startswith("conv")]
        x = torch.rand(1, SPACE.width, 4, 4, dtype=torch.float64)
        with torch.no_grad():
            wanted = module(x)
            given = (literal(point, list(way), x) for way in arrangements(own, point))
            assert any(torch.allclose(each, wanted, atol=1e-12) for each in given), SPACE.encode(point)


def test_equal_keys_build_equal_recorded_graphs_and_other_keys_others() -> None:
    structures = defaultdict(set)
    for point in draw(150, seed=2):
        structures[SPACE.key(point)].add(structure(build(SPACE.render(point), DIGITS), DIGITS))
    assert all(len(found) == 1 for found in structures.values())
    assert len(set.union(*structures.values())) == len(structures)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "|conv3x3~0|+|none~0|none~1|+|skip~0|none~1|none~2|",
            "|none~0|+|none~0|none~1|+|skip~0|none~1|none~2|",
        ),
        (
            "|none~0|+|none~0|conv3x3~1|+|skip~0|none~1|none~2|",
            "|none~0|+|none~0|none~1|+|skip~0|conv1x1~1|none~2|",
        ),
        (
            "|conv1x1~0|+|conv3x3~0|none~1|+|none~0|skip~1|pool3x3~2|",
            "|conv3x3~0|+|conv1x1~0|none~1|+|none~0|pool3x3~1|skip~2|",
        ),
        (
            "|skip~0|+|conv3x3~0|conv1x1~1|+|none~0|none~1|skip~2|",
            "|skip~0|+|conv1x1~0|conv3x3~1|+|none~0|none~1|skip~2|",
        ),
        (
            "|conv3x3~0|+|none~0|skip~1|+|none~0|none~1|conv1x1~2|",
            "|conv3x3~0|+|none~0|none~1|+|none~0|conv1x1~1|none~2|",
        ),
        (
            "|pool3x3~0|+|pool3x3~0|none~1|+|none~0|skip~1|none~2|",
            "|none~0|+|none~0|none~1|+|pool3x3~0|none~1|none~2|",
        ),
        (
            "|none~0|+|none~0|skip~1|+|none~0|conv3x3~1|skip~2|",
            "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
        ),
    ],
    ids=["unused", "behind-none", "nodes-swapped", "skip-before", "skip-behind", "unused-pool", "zero"],
)
def test_cells_that_spell_one_network_have_one_key_and_program(one: str, other: str) -> None:
    first, second = cell(one), cell(other)
    assert first != second
    assert SPACE.key(first) == SPACE.key(second)
    assert SPACE.render(first) == SPACE.render(second)


def test_a_convolution_that_two_take_is_not_two_convolutions() -> None:
    shared = cell("|conv3x3~0|+|none~0|conv1x1~1|+|none~0|skip~1|skip~2|")
    apart = cell("|conv3x3~0|+|none~0|conv1x1~1|+|conv3x3~0|none~1|skip~2|")
    assert SPACE.key(shared) != SPACE.key(apart)


def test_the_encoding_is_read_with_blanks_in_it() -> None:
    text = " |conv3x3~0| + |skip~0|none~1| + |none~0|conv1x1~1|skip~2|\n"
    assert cell(text) == ("conv3x3", "skip", "none", "none", "conv1x1", "skip")


@pytest.mark.parametrize(
    "text",
    [
        "|conv3x3~0|+|skip~0|none~1|+|none~0|conv1x1~1|",
        "|conv3x3~0|+|skip~0|none~1|+|none~0|conv1x1~1|conv5x5~2|",
        "|conv3x3~1|+|skip~0|none~1|+|none~0|conv1x1~1|skip~2|",
        "|conv3x3~0|skip~0|none~1|none~0|conv1x1~1|skip~2|",
    ],
    ids=["too-few", "unknown", "wrong-node", "no-groups"],
)
def test_a_line_that_is_no_cell_is_none(text: str) -> None:
    assert SPACE.decode(text) is None


def test_a_sub_space_reads_its_own_operators_alone() -> None:
    small = CellSpace(DIGITS, operators=OPERATORS_3)
    point = tuple(OPERATORS_3[index % 3] for index in range(6))
    assert small.decode(small.encode(point)) == point
    outside = next(op for op in OPERATORS if op not in OPERATORS_3)
    assert small.decode(SPACE.encode((outside, *point[1:]))) is None


def test_the_width_falls_until_the_largest_cell_is_below_the_cap() -> None:
    widths = [CellSpace(SHAPES[3], max_parameters=cap).width for cap in (500_000, 100_000, 20_000)]
    assert widths == sorted(widths, reverse=True) and len(set(widths)) == 3


def test_an_operator_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two of"):
        CellSpace(DIGITS, operators=("skip", "conv5x5"))
