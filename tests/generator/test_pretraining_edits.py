"""The text of the model that edits and mends: its answers do what its prompts ask for."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from corpus.records.prompts import Prompt
from corpus.records.tasks.shape import TaskShape
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.edits.asking import program_in, read_answer
from generator.edits.faults import Fault
from generator.embedded import embedded_model_path
from generator.grammar.program import sample_derivation
from generator.models.loading import load_tokenizer
from generator.pretraining.breaking import break_program
from generator.pretraining.copying import draw_copies
from generator.pretraining.edit_text import ANOTHER, LONGEST_ANSWER, draw_edit_examples
from generator.pretraining.failing import faults
from generator.pretraining.text import PretrainingExample
from generator.prompts.extraction import extract_program

DIGITS = TaskShape(channels=1, height=12, width=12, classes=10)
CAP = 500_000


def made(example: PretrainingExample, form: str) -> str | None:
    prompt = Prompt(id="p", strategy="test", template=f"compact-{form}", messages=example.prompt, seed=0)
    return read_answer(prompt, example.completion).program


def shape_of(example: PretrainingExample) -> TaskShape:
    image, classes, *_ = example.prompt[0].content.split(", ")
    channels, height, width = map(int, image.removesuffix(" images").split("x"))
    return TaskShape(
        channels=channels, height=height, width=width, classes=int(classes.removesuffix(" classes"))
    )


def test_an_example_depends_on_its_place_alone() -> None:
    few, more = list(draw_edit_examples(12, seed=3)), list(draw_edit_examples(20, seed=3))
    assert more[:12] == few
    assert list(draw_edit_examples(12, seed=4)) != few
    wishes = [each.prompt[0].content.split("\n")[0].rpartition(", ")[2].split()[0] for each in more]
    assert len(set(wishes)) > 2


def test_a_whole_program_answers_the_plain_request() -> None:
    for example in draw_edit_examples(5, seed=0, kind="program"):
        assert program_in(example.prompt) is None
        assert extract_program(example.completion) == example.completion


def test_a_copy_is_answered_by_its_own_tokens_and_learnt_from_these_alone() -> None:
    tokenizer = load_tokenizer(embedded_model_path())
    few, more = list(draw_copies(tokenizer, 3, seed=1)), list(draw_copies(tokenizer, 6, seed=1))
    assert more[:3] == few
    for each in more:
        half = each.prompt_length - 2
        assert each.tokens[1 : half + 1] == each.tokens[each.prompt_length : -1]
        assert each.tokens[-1] == tokenizer.eos_token_id
        assert not set(each.tokens[1 : half + 1]) & set(tokenizer.all_special_ids)


@pytest.mark.parametrize("kind", ["edit", "repair"])
def test_an_edit_makes_a_program_that_runs_of_the_one_in_its_prompt(kind: str) -> None:
    drawn = draw_edit_examples(9, seed=1, kind=kind)  # type: ignore[arg-type]
    examples = [
        PretrainingExample(each.prompt, answer) for each in drawn for answer in each.completion.split(ANOTHER)
    ]
    before = [program_in(each.prompt) or "" for each in examples]
    after = [made(each, kind) or "" for each in examples]
    assert all(len(each.completion) <= LONGEST_ANSWER for each in examples)
    assert all(first != second != "" for first, second in zip(before, after, strict=True))
    shapes, caps = [shape_of(each) for each in examples], [1_000_000] * len(examples)
    assert faults(after, shapes, caps) == [None] * len(examples)
    failed = [each is not None for each in faults(before, shapes, caps)]
    assert sum(failed) == (0 if kind == "edit" else sum("mend" in e.prompt[0].content for e in examples))


def test_a_fault_is_told_in_the_words_of_the_sandbox() -> None:
    rng = random.Random(5)
    parents = (sample_derivation(rng, DIGITS) for _ in range(1000))
    sources = [break_program(rng, parent, DIGITS, CAP).source for parent in islice(parents, 12)]
    found = faults(sources, [DIGITS] * 12, [CAP] * 12)
    with SandboxedEvaluator(EvaluatorConfig(task="digits", workers=1, max_parameters=CAP)) as sandbox:
        probes = sandbox.probe(sources)
    for fault, probe in zip(found, probes, strict=True):
        assert (fault is None) == probe.passed
        if fault is not None:
            seen = Fault.of(probe)
            assert (fault.short, fault.stage) == (seen.short, seen.stage)
    assert sum(each is not None for each in found) > 6
