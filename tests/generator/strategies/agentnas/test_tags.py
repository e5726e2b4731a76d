"""Answers of models as actions and blocks: what is around them does not matter, and reading is bounded."""

from __future__ import annotations

import time

import pytest

from generator.strategies.agentnas.agents.tags import (
    Arch,
    Experiment,
    Explore,
    Malformed,
    Stop,
    action,
    blocks,
    document,
    inside,
    mentioned,
)

ARCH = '<ARCH id="arch_003">\n<DESCRIPTION>like arch_001</DESCRIPTION>\n<REASONING>r</REASONING>\n'


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("<EXPLORE> look </EXPLORE>", Explore("look")),
        ("<think><STOP></think>Well.\n<explore>look", Explore("look")),
        ("<EXPLORE></EXPLORE>", Explore("Describe the data.")),
        ("<STOP><FINAL_SELECTION>arch_001, arch_12</FINAL_SELECTION></STOP>", Stop(("arch_001", "arch_12"))),
        ("<STOP></STOP>", Stop(())),
        (f"<EXPERIMENT>{ARCH}</ARCH></EXPERIMENT>", Experiment((Arch("arch_003", "like arch_001", "r"),))),
        (
            f"<EXPERIMENT>{ARCH}<TRAINING_RECIPE>sgd</TRAINING_RECIPE>{ARCH.replace('3', '4')}",
            Experiment(
                (Arch("arch_003", "like arch_001", "r", "sgd"), Arch("arch_004", "like arch_001", "r"))
            ),
        ),
        ("<EXPERIMENT><ARCH><DESCRIPTION>d</DESCRIPTION></ARCH></EXPERIMENT>", Experiment((Arch("", "d"),))),
    ],
)
def test_an_action_is_found_in_what_is_around_it(answer: str, found: object) -> None:
    assert action(answer) == found


@pytest.mark.parametrize("answer", ["", "STOP", "<EXPERIMENT>arch_001</EXPERIMENT>", "<think><STOP></think>"])
def test_what_is_no_action_says_what_is_missing(answer: str) -> None:
    with pytest.raises(Malformed, match="<"):
        action(answer)


def test_blocks_of_code_are_found_by_their_labels() -> None:
    answer = "a\n```python\nx = 1\n```\nb\n```json\n{}\n```\n  ```py\ny = 2\n```\n```python\nz"
    assert blocks(answer, "python", "py") == ["x = 1\n", "y = 2\n", "z\n"]
    assert blocks(answer, "text") == [] and blocks("", "python") == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('```json\n{"lr": 1}\n```', {"lr": 1}),
        ('```json\n{"lr": 1}\n```\n```json\n{broken\n```', {"lr": 1}),
        ('```json\n{"lr": NaN}\n```', {"lr": None}),
        ("```json\n" + "[" * 4_000 + "\n```", None),
        ('{"lr": 1}', None),
    ],
)
def test_a_document_is_the_last_that_can_be_read(answer: str, found: object) -> None:
    assert document(answer) == found


def test_names_are_mentioned_once_in_order() -> None:
    assert mentioned("arch_002 and arch_001, not xarch_003; arch_002, arch_") == ("arch_002", "arch_001")


@pytest.mark.parametrize(
    "piece", ["<ARCH", "<ARCH id='arch_001'>", "```a\n", "<SUMMARY>", "</ARCH>", "<EXPERIMENT>"]
)
def test_hostile_answers_take_no_time(piece: str) -> None:
    began, answer = time.process_time(), "<EXPERIMENT>" + piece * 100_000
    with pytest.raises(Malformed):
        action(answer)
    assert inside(answer, "REPORT") is None and len(blocks(answer, "python")) == 0
    assert time.process_time() - began < 2.0
