"""Prompts that ask for edits: prompt and answer alone say which program is meant."""

from __future__ import annotations

import random
from typing import get_args

import pytest

from corpus.records.prompts import Message, Prompt
from generator.edits.asking import (
    OPERATORS,
    Form,
    continuation_request,
    edit_request,
    form_of,
    keeps_most,
    program_in,
    read_answer,
    repair_request,
    taught_answer,
    template_of,
)
from generator.edits.failures import EditFailure
from generator.edits.faults import Fault
from generator.edits.writing import write_edit
from generator.grammar import edits
from generator.grammar.program import sample_derivation
from generator.prompts.kinds import ANSWER_FORM
from generator.prompts.templates import TemplateName, render
from tests.generator.strategies.benches import REQUEST

PROGRAM = sample_derivation(random.Random(3), REQUEST.shape).program.source
OTHER = PROGRAM.replace("self.device = device", "self.device = device\n        self.more = 1")
FAULT = Fault("SHAPE_ERROR", "forward", "RuntimeError", "line 4: mat1 and mat2 shapes\ncannot be multiplied")
TEMPLATES = get_args(TemplateName)


def prompt(template: TemplateName, form: Form | None, chat: tuple[Message, ...]) -> Prompt:
    name = template if form is None else template_of(template, form)
    return Prompt(id="c000/p0000", strategy="edits", template=name, messages=chat, seed=1)


def asked(template: TemplateName, form: Form) -> Prompt:
    if form == "edit":
        return prompt(template, form, edit_request(template, REQUEST, PROGRAM))
    return prompt(template, form, repair_request(template, REQUEST, PROGRAM, FAULT))


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("form", ["edit", "repair"])
def test_the_program_of_a_prompt_is_found_in_it_and_edited(template: TemplateName, form: Form) -> None:
    question = asked(template, form)
    assert form_of(question) == form and keeps_most(question)
    assert program_in(question.messages) == PROGRAM
    answer = write_edit(PROGRAM, OTHER)
    assert answer is not None
    assert read_answer(question, answer) == (OTHER, None)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_prompt_for_a_whole_program_is_answered_by_one(template: TemplateName) -> None:
    question = prompt(template, None, render(template, REQUEST))
    assert form_of(question) is None and program_in(question.messages) is None
    assert read_answer(question, f"```python\n{PROGRAM}```") == (PROGRAM, None)
    assert read_answer(question, "I cannot.") == (None, None)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("cut", range(1, len(PROGRAM.split("\n")) - 2, 3))
def test_the_rest_of_a_program_is_joined_with_its_beginning(template: TemplateName, cut: int) -> None:
    beginning = "\n".join(PROGRAM.split("\n")[:cut])
    question = prompt(template, "continuation", continuation_request(template, REQUEST, beginning))
    assert form_of(question) == "continuation" and not keeps_most(question)
    assert question.messages[:-1] == render(template, REQUEST) and question.messages[-1].role == "assistant"
    rest = PROGRAM.removeprefix(beginning)
    if "class Net" in beginning:
        closed = rest if template == "compact" else f"{rest}```\nI kept the stem."
        assert read_answer(question, closed) == (PROGRAM, None)
        broken = read_answer(question, "\n(")
        assert broken == (f"{beginning}\n(\n", None), "what is half a program is all of its own"
        assert read_answer(question, " \n") == (None, None)
    assert read_answer(question, OTHER) == (OTHER, None), "one that begins anew is taken at its word"


@pytest.mark.parametrize("template", TEMPLATES)
def test_where_nothing_is_to_be_kept_all_of_a_program_is_asked_for(template: TemplateName) -> None:
    question = prompt(template, "continuation", continuation_request(template, REQUEST, None))
    assert question.messages == render(template, REQUEST)
    assert read_answer(question, f"```python\n{PROGRAM}```") == (PROGRAM, None)


def test_a_whole_program_mends_but_does_not_edit() -> None:
    answer = f"```python\n{OTHER}```"
    assert read_answer(asked("instruct", "repair"), answer) == (OTHER, None)
    assert read_answer(asked("instruct", "edit"), answer) == (None, EditFailure.NO_EDIT)
    for nothing in ("I cannot.", "```python\nself.fc = nn.Linear(8, 10)\n```", "<<<\nx = 1\n===\nx = 2"):
        assert read_answer(asked("instruct", "repair"), nothing) == (None, EditFailure.NO_EDIT)


def test_an_edit_that_does_not_parse_is_handed_on_with_its_name() -> None:
    answer = "<<<\n        self.device = device\n===\n        self.device = (\n>>>"
    written = read_answer(asked("compact", "edit"), answer)
    assert written.failure is EditFailure.UNPARSABLE and written.program is not None


def test_a_repair_tells_the_failure_in_one_line_and_quotes_the_line_that_it_names() -> None:
    (message,) = repair_request("compact", REQUEST, PROGRAM, FAULT)
    quoted = PROGRAM.split("\n")[3].strip()
    first = message.content.split("\n")[0]
    wanted = "mend RuntimeError: line 4: mat1 and mat2 shapes cannot be multiplied"
    assert first.endswith(f"{wanted} at {quoted}" if quoted else wanted)
    _, message = repair_request("instruct", REQUEST, PROGRAM, FAULT)
    assert f"SHAPE_ERROR in stage forward: RuntimeError: {FAULT.error}".replace("\n", " ") in message.content


@pytest.mark.parametrize("line", ["line 0: x", "line 999: x", "x", "line one: x", ""])
def test_a_message_that_names_no_line_of_the_program_quotes_none(line: str) -> None:
    assert Fault("RUNTIME_ERROR", "init", None, line).line_of(PROGRAM) is None


def test_a_chat_model_is_told_the_contract_with_the_form_of_an_edit_in_place_of_a_block() -> None:
    _, message = edit_request("instruct", REQUEST, PROGRAM, operator="widen", score="an accuracy of 0.5")
    _, plain = render("instruct", REQUEST)
    contract = plain.content.removesuffix(ANSWER_FORM)
    assert contract != plain.content and message.content.startswith(contract)
    assert ANSWER_FORM not in message.content
    assert OPERATORS["widen"] in message.content and "reaches an accuracy of 0.5" in message.content


def test_the_kinds_of_edits_are_those_of_the_grammar() -> None:
    assert list(OPERATORS) == list(edits.OPERATORS)


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_taught_is_the_edit_that_led_there(template: TemplateName) -> None:
    question = asked(template, "edit")
    answer = taught_answer(question.messages, OTHER, short=template == "compact")
    assert answer is not None and len(answer) < len(OTHER) / 2
    assert read_answer(question, answer) == (OTHER, None)
    assert taught_answer(question.messages, PROGRAM, short=True) is None
    assert taught_answer(render(template, REQUEST), OTHER, short=True) is None
