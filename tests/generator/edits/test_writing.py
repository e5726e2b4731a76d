"""The shortest edit between two programs: it makes one of the other, and says no more than it must."""

from __future__ import annotations

import random
import time
from typing import get_args

import pytest

from corpus.records.tasks.shape import TaskShape
from generator.edits.applying import apply_answer
from generator.edits.writing import Marks, write_edit
from generator.grammar.edits import edit
from generator.grammar.program import sample_derivation

SHAPE = TaskShape(channels=1, height=12, width=12, classes=10)


@pytest.mark.parametrize("marks", get_args(Marks))
def test_an_edit_of_the_grammar_is_written_and_carried_out_again(marks: Marks) -> None:
    rng = random.Random(0)
    for _ in range(40):
        parent = sample_derivation(rng, SHAPE)
        child, _ = edit(parent, SHAPE, rng)
        answer = write_edit(parent.program.source, child.program.source, marks)
        assert answer is not None
        assert apply_answer(parent.program.source, answer) == (child.program.source, None)


def test_two_programs_that_have_nothing_in_common_are_one_block() -> None:
    rng = random.Random(1)
    first, second = (sample_derivation(rng, SHAPE).program.source for _ in range(2))
    answer = write_edit(first, second)
    assert answer is not None and apply_answer(first, answer) == (second, None)


def test_a_line_that_stands_once_is_repeated_alone() -> None:
    assert write_edit("a = 1\nb = 2\nc = 3\n", "a = 1\nb = 4\nc = 3\n", "short") == (
        "<<<\nb = 2\n===\nb = 4\n>>>\n"
    )


def test_a_line_that_stands_twice_is_repeated_with_what_is_above_it() -> None:
    before = "a = 1\nx = 0\nb = 1\nx = 0\n"
    assert write_edit(before, "a = 1\nx = 0\nb = 1\nx = 5\n", "short") == (
        "<<<\nb = 1\nx = 0\n===\nb = 1\nx = 5\n>>>\n"
    )


def test_a_new_first_line_is_put_before_the_old_one() -> None:
    before = "a = 1\nb = 2\n"
    answer = write_edit(before, "z = 0\na = 1\nb = 2\n")
    assert answer is not None and apply_answer(before, answer).text == "z = 0\na = 1\nb = 2\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [("a = 1\n", "a = 1\n"), ("a = 1\n\n", "a = 1\n"), ("a\n", "<<<\n"), ("===\n===\n", "===\nb\n")],
)
def test_where_no_edit_leads_from_one_to_the_other_there_is_none(before: str, after: str) -> None:
    assert write_edit(before, after, "short") is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n" * 3_000, "x = 1\n" * 1_500 + "y = 1\n" + "x = 1\n" * 1_500),
        ("".join(f"a{i}\n" for i in range(9_000)), "".join(f"b{i}\n" for i in range(9_000))),
        ("x = 1\ny = 2\n" * 480, "y = 2\nx = 1\n" * 480),
    ],
)
def test_long_programs_take_no_more_than_a_moment(before: str, after: str) -> None:
    started = time.process_time()
    write_edit(before, after)
    assert time.process_time() - started < 3.0
