"""Hyperparameters in answers: how they are asked for, and what is read of an answer."""

from __future__ import annotations

import time
from typing import Any

import pytest

from corpus.records.prompts import Message
from corpus.records.search.hyperparameters import Hyperparameter, fitting
from generator.prompts.asides import ASIDES, HYPERPARAMETERS, LONGEST, TRANSFORMS

REQUEST = (Message(role="system", content="You design."), Message(role="user", content="Write."))


def read(answer: str) -> dict[str, float]:
    return {each.name: each.value for each in HYPERPARAMETERS.said(answer)}


def test_a_request_that_asks_for_them_is_known_by_itself() -> None:
    assert (
        not HYPERPARAMETERS.asked(REQUEST)
        and HYPERPARAMETERS.asked(HYPERPARAMETERS.asking(REQUEST))
        and not HYPERPARAMETERS.asked(())
    )
    assert HYPERPARAMETERS.asking(REQUEST)[:-1] == REQUEST[:-1]
    assert HYPERPARAMETERS.asking(REQUEST)[-1].content.startswith("Write.")


def test_they_are_read_wherever_they_stand_in_an_answer() -> None:
    block = '<hp>\n{"lr": 0.02, "batch": 32, "extra": 0.5}\n</hp>'
    for answer in (f"{block}\n```python\nx = 1\n```", f"```python\nx = 1\n```\n{block}", f"Sure! {block}"):
        assert read(answer) == {"batch": 32.0, "extra": 0.5, "lr": 0.02}


UNREADABLE = [
    *(
        "",
        "<hp>",
        "<hp></hp>",
        "<hp>lr=0.1</hp>",
        "<hp>[1]</hp>",
        '<hp>{"lr": 9}</hp>',
        '<hp>{"lr": NaN}</hp>',
    ),
    *(f"<hp>{'[' * 900}</hp>", '</hp>{"lr": 0.1}<hp>', f'<hp>{" " * LONGEST} {{"lr": 0.1}}</hp>'),
]


@pytest.mark.parametrize("answer", UNREADABLE)
def test_what_cannot_be_read_says_nothing(answer: str) -> None:
    assert read(answer) == {}


def test_an_answer_of_many_openings_is_read_in_no_time() -> None:
    started = time.process_time()
    assert read("<hp>" * 50_000) == {}
    assert time.process_time() - started < 5


@pytest.mark.parametrize("values", [{}, {"lr": 0.0213}, {"lr": 1.0, "batch": 64, "dropout": 0.125}])
def test_what_is_written_is_read_again(values: dict[str, Any]) -> None:
    written: tuple[Hyperparameter, ...] = fitting(values)
    assert HYPERPARAMETERS.said(HYPERPARAMETERS.tagged(written)) == written


def test_augmentations_are_names_of_a_list_with_strengths_and_never_code() -> None:
    answer = (
        '<tr>{"flip": 0.5, "shift": 0.1, "erase": 0, "noise": 7, "RandomCrop": 4, "x": "torch.flip"}</tr>'
    )
    assert [(each.name, each.value) for each in TRANSFORMS.said(answer)] == [("flip", 0.5), ("shift", 0.1)]
    assert not HYPERPARAMETERS.said(answer)


def test_both_may_be_asked_for_in_one_request() -> None:
    both = TRANSFORMS.asking(HYPERPARAMETERS.asking(REQUEST))
    assert all(each.asked(both) for each in ASIDES.values())
    assert not TRANSFORMS.asked(HYPERPARAMETERS.asking(REQUEST))
