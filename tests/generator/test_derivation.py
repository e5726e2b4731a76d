"""Derivations: the choices of a program are recorded under names, and replaying them writes it again."""

from __future__ import annotations

import json
import random

import pytest

from corpus.records.base import content_id
from corpus.records.tasks.shape import TaskShape
from generator.grammar import sample_program
from generator.grammar.derivation import Choices, UnderivableError
from generator.grammar.program import derive, replay, sample_derivation

SHAPES = {
    "8x8": TaskShape(channels=1, height=8, width=8, classes=10),
    "28x28": TaskShape(channels=1, height=28, width=28, classes=10),
    "9x14": TaskShape(channels=3, height=9, width=14, classes=7),
}
DIGITS = SHAPES["8x8"]


@pytest.mark.parametrize(
    ("shape", "written"),
    [("8x8", "f1ec4cc2c8adef89"), ("28x28", "98405592cf8e539a"), ("9x14", "b4765377cbcfdbfa")],
)
def test_300_seeds_give_the_programs_of_before_choices_were_recorded(shape: str, written: str) -> None:
    """Texts, families and the state in which the generator is left, of version 1 as it was first written."""
    found = []
    for seed in range(300):
        rng = random.Random(seed)
        cap = 20_000 if seed % 3 == 0 else 500_000
        program = sample_program(rng, SHAPES[shape], max_parameters=cap)
        found.append(f"{program.source}{program.families}{rng.random()}")
    assert content_id("".join(found)) == written


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_replaying_the_choices_of_a_program_writes_it_again(shape: TaskShape) -> None:
    for seed in range(150):
        derivation = sample_derivation(random.Random(seed), shape)
        assert replay(json.loads(derivation.record), shape)[0] == derivation


def test_a_record_without_one_of_its_choices_is_no_derivation() -> None:
    record = json.loads(sample_derivation(random.Random(1), DIGITS).record)
    for site in record["training"]:
        rest = {name: value for name, value in record["training"].items() if name != site}
        with pytest.raises(UnderivableError, match=f"training/{site}"):
            replay(record | {"training": rest}, DIGITS)


def test_a_record_with_a_choice_that_is_never_made_is_no_derivation() -> None:
    record = json.loads(sample_derivation(random.Random(1), DIGITS).record)
    with pytest.raises(UnderivableError, match="never made"):
        replay(record | {"colour": "red"}, DIGITS)


def test_a_value_that_the_grammar_does_not_have_is_drawn_anew_and_the_rest_is_kept() -> None:
    parent = sample_derivation(random.Random(1), DIGITS)
    record = json.loads(parent.record)
    record["training"]["optimizer"] = "LBFGS"
    child = json.loads(derive(Choices(random.Random(0), record), DIGITS).record)
    assert child["training"]["optimizer"] in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad")
    assert {name: span for name, span in child.items() if name != "training"} == {
        name: span for name, span in record.items() if name != "training"
    }


def test_the_same_choices_on_larger_images_are_a_program_for_larger_images() -> None:
    small = sample_derivation(random.Random(3), DIGITS)
    large = derive(Choices(random.Random(0), json.loads(small.record)), SHAPES["28x28"])
    assert json.loads(large.record)["taste"] == json.loads(small.record)["taste"]
    assert replay(json.loads(large.record), SHAPES["28x28"])[0] == large


def test_a_site_that_comes_twice_in_one_span_is_refused() -> None:
    choices = Choices(random.Random(0))
    choices.chance("pool", 0.5)
    with pytest.raises(ValueError, match="pool comes twice"):
        choices.chance("pool", 0.5)


def test_all_that_could_have_been_chosen_stands_with_a_choice() -> None:
    choices = Choices(random.Random(0))
    with choices.span("head"):
        choices.pick("kernel", {3: 1.0, 5: 1.0, 7: 0.0})
        choices.sample("kernels", (1, 3), 2)
    kernel, kernels = choices.made
    assert (kernel.path, kernel.options) == (("head", "kernel"), (3, 5))
    assert kernels.options == ("1 3", "3 1")
