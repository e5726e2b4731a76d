"""The space of programs: points are drawn, edited, encoded and named as the contract of spaces has it."""

from __future__ import annotations

import json
import random

import pytest

from corpus.records.tasks.shape import TaskShape
from generator.grammar import sample_program
from generator.grammar.edits import OPERATORS
from generator.grammar.program import Derivation
from generator.spaces.contract import Space
from generator.spaces.programs import ProgramSpace

SHAPE = TaskShape(channels=1, height=8, width=8, classes=10)


@pytest.fixture(scope="module")
def space() -> ProgramSpace:
    return ProgramSpace(SHAPE)


def test_it_keeps_the_contract(space: ProgramSpace) -> None:
    kept: Space[Derivation] = space
    point = kept.sample(random.Random(0))
    assert (kept.name, kept.textual, kept.legal(point)) == ("grammar", True, True)


def test_a_point_is_the_program_that_the_grammar_samples(space: ProgramSpace) -> None:
    for seed in range(50):
        ours, theirs = random.Random(seed), random.Random(seed)
        assert space.render(space.sample(ours)) == sample_program(theirs, SHAPE).source
        assert ours.getstate() == theirs.getstate()


def test_an_encoded_point_is_one_line_that_decodes_to_it(space: ProgramSpace) -> None:
    rng = random.Random(0)
    for _ in range(50):
        point, operator = space.mutate(space.sample(rng), rng)
        assert operator in OPERATORS
        assert len(space.encode(point).splitlines()) == 1
        assert space.decode(space.encode(point)) == point


def test_the_order_of_an_encoding_does_not_matter(space: ProgramSpace) -> None:
    point = space.sample(random.Random(0))
    turned = json.dumps(json.loads(space.encode(point)), sort_keys=True, indent=1)
    assert space.decode(turned) == point


def test_keys_tell_texts_apart(space: ProgramSpace) -> None:
    rng = random.Random(0)
    points = [space.sample(rng) for _ in range(50)]
    points += [space.mutate(point, rng)[0] for point in points]
    assert len({space.key(point) for point in points}) == len({space.render(point) for point in points})


def test_a_point_beyond_the_cap_is_not_legal(space: ProgramSpace) -> None:
    small = ProgramSpace(SHAPE, max_parameters=2_000)
    point = next(
        point for seed in range(100) if (point := space.sample(random.Random(seed))).parameters > 2_000
    )
    assert small.decode(space.encode(point)) is None
    assert not small.legal(point)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "{",
            "[]",
            "null",
            "NaN",
            "17",
            '"grammar"',
            "{}",
            '{"taste": 3}',
            "[" * 5_000,
            '{"a":' * 2_000,
        ),
        *(
            "9" * 5_000,
            '{"taste": {"norm": ["batch"]}}',
            "\ud800",
            " " * 20_000,
            '{"linear": true, "linear": 1}',
        ),
    ],
)
def test_what_is_no_point_decodes_to_none(space: ProgramSpace, text: str) -> None:
    assert space.decode(text) is None


def test_damaged_encodings_decode_to_none_or_to_a_legal_point(space: ProgramSpace) -> None:
    rng = random.Random(0)
    decoded = 0
    for _ in range(700):
        text = space.encode(space.sample(random.Random(rng.randrange(30))))
        for _ in range(rng.choice((1, 1, 2, 4))):
            start = rng.randrange(len(text))
            end = min(len(text), start + rng.choice((0, 1, 1, 3, 20)))
            text = text[:start] + rng.choice(("", "0", "2", "4", "true", "[]", "{}", '"', ",")) + text[end:]
        point = space.decode(text)
        decoded += point is not None
        assert point is None or space.legal(point)
    assert decoded > 0


def test_the_description_shows_a_point_that_decodes(space: ProgramSpace) -> None:
    text = space.describe()
    assert space.decode(text[text.index("{") :]) is not None
    assert all(operator in text for operator in OPERATORS)
