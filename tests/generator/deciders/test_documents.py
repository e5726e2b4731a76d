"""The document inside an answer is found as models write it, and nothing else is taken for one."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from generator.deciders.documents import (
    MAX_CHARACTERS,
    MAX_DOCUMENT_CHARACTERS,
    MOST_LEVELS,
    NoDocument,
    document_in,
)
from generator.deciders.forms import option_in

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"prefer": {"enum": ["conv", "pool"]}, "why": {"type": "string"}},
    "required": ["prefer"],
    "additionalProperties": False,
}
GOOD = '{"prefer": "conv"}'


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n``` That is my answer.",
        f"Here it is: {GOOD} I hope that it helps {{you}}.",
        f"Braces like {{ and [ open things.\n{GOOD}",
        f"See [1] and {{'a': 1}}.\n{GOOD}",
        f'```json\n{{"prefer": "neither"}}\n```\nNo:\n```json\n{GOOD}\n```',
        f"{GOOD}\n{GOOD}",
    ],
)
def test_a_document_is_found_beside_other_words(text: str) -> None:
    assert document_in(text, SCHEMA) == ({"prefer": "conv"}, False)


@pytest.mark.parametrize("text", [GOOD, f"\n {GOOD} \n", f'<think>{{"prefer": "pool"}}?</think>{GOOD}'])
def test_a_document_alone_is_known_as_such(text: str) -> None:
    assert document_in(text, SCHEMA) == ({"prefer": "conv"}, True)


def test_a_fence_within_a_text_of_the_document_does_not_cut_it() -> None:
    why = "```python\nx = {}\n```"
    text = json.dumps({"prefer": "conv", "why": why})
    assert document_in(f"Well: {text}", SCHEMA).value == {"prefer": "conv", "why": why}


def test_a_line_break_within_a_text_is_taken() -> None:
    assert document_in('{"prefer": "conv", "why": "a\nb"}', SCHEMA).value["why"] == "a\nb"  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "integer", "minimum": 3}, "7", 7),
        ({"type": "string"}, '"a" because', "a"),
        ({"type": "array", "items": {"type": "boolean"}}, "so [true, false]", [True, False]),
    ],
)
def test_a_document_need_not_be_an_object(schema: Any, text: str, value: Any) -> None:
    assert document_in(text, schema).value == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no document at all", "holds no JSON document"),
        ("", "holds no JSON document"),
        ('{"prefer": "neither"}', r"\$\.prefer: 'neither' is not one of"),
        ('{"prefer": "conv"', "delimiter"),
        ('{"prefer": "conv", "more": 1}', "'more' was unexpected"),
        ('{"prefer": NaN}', "NaN is no JSON"),
        ('{"prefer": "conv", "why": "\\ud800"}', "a number or a character"),
        ('{"prefer": "conv", "why": 1e999}', "a number or a character"),
        ("[" * 5_000, f"more than {MOST_LEVELS} deep"),
        ("[" * (MOST_LEVELS + 1) + "]" * (MOST_LEVELS + 1), f"more than {MOST_LEVELS} deep"),
        (
            '{"prefer": "conv", "why": "' + "a" * MAX_DOCUMENT_CHARACTERS + '"}',
            f"longer than {MAX_DOCUMENT_CHARACTERS}",
        ),
        ("a" * MAX_CHARACTERS + GOOD, "holds no JSON document"),
    ],
)
def test_what_is_wrong_is_said_on_one_short_line(text: str, fault: str) -> None:
    with pytest.raises(NoDocument, match=fault) as said:
        document_in(text, SCHEMA)
    assert len(str(said.value)) <= 300


HOSTILE = {
    "brackets": "[" * MAX_CHARACTERS,
    "objects without end": '{"a":' * (MAX_CHARACTERS // 5),
    "numbers without end": "[" * 60 + "1," * (MAX_CHARACTERS // 2 - 60),
    "a text without end": "[" * 60 + '"' + "a" * (MAX_CHARACTERS - 70),
    "many small documents": '{"prefer":1}' * (MAX_CHARACTERS // 12),
    "many wrong items": "[" + "1," * (MAX_DOCUMENT_CHARACTERS // 2 - 4) + "1]",
    "fences": "```" * (MAX_CHARACTERS // 3),
    "opened fences": "```{" * (MAX_CHARACTERS // 4),
    "thoughts": "</think>" * (MAX_CHARACTERS // 8),
    "a constant at the end": "[" * 60 + "1," * (MAX_CHARACTERS // 2 - 70) + "NaN",
    "escapes": '{"' + "\\\\" * (MAX_CHARACTERS // 2 - 2),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize(
    "schema", [SCHEMA, {"type": "array", "items": {"type": "string"}}], ids=["object", "list"]
)
def test_a_hostile_answer_takes_no_time(kind: str, schema: Any) -> None:
    start = time.process_time()
    with pytest.raises(NoDocument):
        document_in(HOSTILE[kind], schema)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("conv", "conv"),
        ('"conv3x3"', "conv3x3"),
        ("I would take conv3x3, since conv3x3 is strong.", "conv3x3"),
        ("<think>pool?</think>**conv**", "conv"),
    ],
)
def test_an_option_is_found_as_a_word_of_its_own(text: str, option: str) -> None:
    assert option_in(text, ["conv", "conv3x3", "pool"]).value == option


@pytest.mark.parametrize(
    ("text", "fault"), [("convolution", "none of them"), ("conv or pool", '"conv", "pool"')]
)
def test_none_or_several_options_are_no_choice(text: str, fault: str) -> None:
    with pytest.raises(NoDocument, match=fault):
        option_in(text, ["conv", "conv3x3", "pool"])


def test_a_hostile_answer_to_a_choice_takes_no_time() -> None:
    start = time.process_time()
    with pytest.raises(NoDocument):
        option_in("conv_" * 50_000, [f"conv_{index}" for index in range(200)])
    assert time.process_time() - start < 1
