"""Edits of programs: every operator does what it says, changes little, and stays inside the grammar."""

from __future__ import annotations

import difflib
import json
import random
import re
import statistics
from collections.abc import Iterator
from functools import cache

import pytest

from corpus.programs.families import block_families
from corpus.records.tasks.shape import TaskShape
from generator.grammar.derivation import Choices
from generator.grammar.edits import KINDS, OPERATORS, PARTS, SETTINGS, WIDTHS, WORDING, edit, site_of
from generator.grammar.program import Derivation, derive, replay, sample_derivation
from generator.pretraining.validity import VALID, verdicts

SHAPES = [
    TaskShape(channels=1, height=8, width=8, classes=10),
    TaskShape(channels=1, height=28, width=28, classes=10),
    TaskShape(channels=3, height=9, width=14, classes=7),
    TaskShape(channels=1, height=6, width=6, classes=2),
]
DIGITS = SHAPES[0]

LAYER = re.compile(
    r"\bnn\.(?!Module\b|init|utils)\w+\(|\b(?:F|torch|self)\.(?!device)\w+\(|\b[A-Z]\w+\(\d|range\("
)


@cache
def edits(count: int = 400) -> list[tuple[TaskShape, Derivation, Derivation, str]]:
    """Return single edits: the shape, the program, its edit and the operator."""
    rng = random.Random(0)
    found = []
    for index in range(count):
        shape = SHAPES[index % len(SHAPES)]
        parent = sample_derivation(rng, shape)
        found.append((shape, parent, *edit(parent, shape, rng)))
    return found


def by(operator: str) -> Iterator[tuple[Derivation, Derivation]]:
    yield from ((parent, child) for _, parent, child, name in edits() if name == operator)


def chain(length: int, *, seed: int) -> list[Derivation]:
    """Return a program and what `length` edits in a row make of it."""
    rng = random.Random(seed)
    points = [sample_derivation(rng, DIGITS)]
    while len(points) <= length:
        points.append(edit(points[-1], DIGITS, rng)[0])
    return points


def layers(point: Derivation) -> int:
    """Return how many layers, blocks and functions of networks the text names."""
    return len(LAYER.findall(point.program.source))


def changed_lines(parent: Derivation, child: Derivation) -> int:
    before, after = parent.program.source.splitlines(), child.program.source.splitlines()
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return max(len(before), len(after)) - sum(block.size for block in blocks)


def test_every_operator_occurs() -> None:
    assert {operator for *_, operator in edits()} == set(OPERATORS)


def test_every_site_of_the_grammar_has_its_operator_or_is_wording() -> None:
    named = WIDTHS | PARTS | KINDS | SETTINGS | WORDING
    for seed in range(600):
        choices = Choices(random.Random(seed))
        derive(choices, SHAPES[seed % len(SHAPES)])
        sites = {site_of(choice) for choice in choices.made} - named
        assert not [site for site in sites if not site.startswith(("name of", "names of", "wording of"))]


def test_no_site_has_two_operators() -> None:
    assert len(WIDTHS | PARTS | KINDS | SETTINGS | WORDING) == sum(
        len(sites) for sites in (WIDTHS, PARTS, KINDS, SETTINGS, WORDING)
    )


def test_an_edit_is_a_program_of_the_grammar() -> None:
    for shape, _, child, _ in edits():
        assert replay(json.loads(child.record), shape)[0] == child


def test_an_edit_has_another_text() -> None:
    assert all(parent.program.source != child.program.source for _, parent, child, _ in edits())


@pytest.mark.parametrize(("operator", "sign"), [("widen", 1), ("narrow", -1)])
def test_a_width_moves_the_number_of_parameters_its_own_way(operator: str, sign: int) -> None:
    assert all(sign * (child.parameters - parent.parameters) > 0 for parent, child in by(operator))


@pytest.mark.parametrize(("operator", "sign"), [("insert", 1), ("delete", -1)])
def test_a_part_more_or_less_changes_the_number_of_layers_its_own_way(operator: str, sign: int) -> None:
    """Nearly always: a pooling that came can leave no room for one that follows, and a loop hides a layer."""
    differences = [sign * (layers(child) - layers(parent)) for parent, child in by(operator)]
    assert statistics.mean(difference > 0 for difference in differences) > 0.9


def test_a_changed_width_changes_no_other_choice() -> None:
    for operator in ("widen", "narrow"):
        for parent, child in by(operator):
            before, after = (json.loads(each.record) for each in (parent, child))
            assert {name: before[name] for name in ("taste", "linear", "training", "net")} == {
                name: after[name] for name in ("taste", "linear", "training", "net")
            }


def test_a_hyperparameter_leaves_the_families_as_they_are() -> None:
    assert all(parent.program.families == child.program.families for parent, child in by("hyperparameter"))


def test_some_swaps_change_the_family() -> None:
    assert any(parent.program.families != child.program.families for parent, child in by("swap"))


def test_the_families_of_an_edit_are_found_in_its_text() -> None:
    """Text shows more than the construction names: a grouped convolution, the sum inside a bottleneck."""
    for _, _, child, _ in edits()[:150]:
        assert set(child.program.families) - {"plain"} <= block_families(child.program.source)


def test_edits_are_local() -> None:
    lines = [changed_lines(parent, child) for _, parent, child, _ in edits()]
    assert statistics.median(lines) <= 3
    assert statistics.mean(count <= 10 for count in lines) >= 0.9


def test_an_edit_depends_on_the_state_of_the_generator_alone() -> None:
    assert chain(10, seed=4) == chain(10, seed=4)
    assert chain(10, seed=4) != chain(10, seed=5)


def test_a_chain_of_edits_hardly_comes_back_to_a_text() -> None:
    texts = [point.program.source for point in chain(100, seed=0)]
    assert len(set(texts)) >= 85


def test_edits_keep_the_cap_on_parameters() -> None:
    rng = random.Random(0)
    point = sample_derivation(rng, DIGITS, max_parameters=5_000)
    for _ in range(60):
        point, _ = edit(point, DIGITS, rng, max_parameters=5_000)
        assert point.fits(5_000)


def test_a_cap_that_no_edit_meets_is_reported() -> None:
    point = sample_derivation(random.Random(0), DIGITS)
    with pytest.raises(ValueError, match="at most 3 parameters"):
        edit(point, DIGITS, random.Random(0), max_parameters=3)


def test_99_in_100_edits_build_answer_and_learn() -> None:
    chained = [point for seed in range(3) for point in chain(25, seed=seed)]
    cases = [(child, shape) for shape, _, child, _ in edits()[:130]] + [(child, DIGITS) for child in chained]
    found = verdicts([child.program.source for child, _ in cases], [shape for _, shape in cases])
    assert found.count(VALID) >= 0.99 * len(found), [verdict for verdict in found if verdict != VALID]
