"""Which statements can be used, why others cannot, and which say the same."""

from __future__ import annotations

import pytest

from corpus.records.search.ideas import category_of
from generator.ideas.growing.documents import Document, Section
from generator.ideas.growing.duplicates import Statements
from generator.ideas.growing.questions import Question, questions_about
from generator.ideas.growing.usable import FLAWS, flaw, of_kind, supporting, tidied
from generator.ideas.pool import shipped
from tests.generator.ideas.growing.papers import GELU, STATED

LONG = (
    "In all blocks of the trunk we put a smooth GELU where others have a ReLU because its slope near zero is "
    "smooth and the network learns faster in the first epoch of the training."
)
TEXTS = (LONG, "The shortcut of a block adds its input to its output.", "Of GELU we speak again.")


@pytest.fixture
def question() -> Question:
    sections = tuple(Section(f"page {index}", text) for index, text in enumerate(TEXTS, start=1))
    (made,) = questions_about([Document("a.pdf", "0" * 16, "MIT", sections)], [GELU])
    return made


def test_a_statement_of_the_text_in_other_words_can_be_used(question: Question) -> None:
    assert flaw(STATED, question) is None


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("", "too short"),
        ("GELU replaces ReLU.", "too short"),
        ("It is the one that was on top of it all.", "too short"),
        ("Put a smooth GELU in the trunk. " * 12, "too long"),
        ("Put a GELU where the trunk has a \u202eReLU.", "no plain text"),
        ("gelu = 1 / 2 + 3 * 4 - 5 / 6 ** 7 (8, 9) [10, 11] relu {12: 13} trunk", "no plain text"),
        ("Activations without a corner, and where they replace those that have one.", "echo of the question"),
        ("Each is one sentence in your own words that tells how to build a network.", "echo of the question"),
        (LONG, "copied"),
        ("Train the smooth GELU with a cosine schedule over three hundred epochs.", "not in the text"),
        ("In the first epoch of its training the network learns faster.", "of another kind"),
    ],
)
def test_a_statement_that_cannot_be_used_has_its_reason(question: Question, statement: str, why: str) -> None:
    assert flaw(statement, question) == why and why in FLAWS


def test_most_shipped_ideas_are_of_their_kind_and_few_of_those_of_other_categories() -> None:
    pool = shipped()
    own = [of_kind(idea.statement, pool.template[idea.path]) for idea in pool.ideas.values()]
    others = [
        of_kind(idea.statement, leaf)
        for idea in pool.ideas.values()
        for leaf in pool.template.values()
        if category_of(leaf.path) != idea.category
    ]
    assert sum(own) / len(own) > 0.85 and sum(others) / len(others) < 0.4


def test_no_two_shipped_ideas_are_one() -> None:
    statements = Statements()
    for idea in shipped().ideas.values():
        assert statements.same(idea.statement) is None
        statements.add(idea.id, idea.statement)


def test_only_what_is_shown_supports_a_statement(question: Question) -> None:
    assert [each.section for each in question.passages] == ["page 1", "page 3"]
    assert supporting(STATED, question.passages).section == "page 1"
    assert supporting("We speak of GELU again.", question.passages).section == "page 3"


def test_marks_of_lists_and_quotes_are_taken_off() -> None:
    assert tidied(' - "Use\n  GELU."\n') == "Use GELU."


def test_statements_with_most_of_their_words_in_common_are_one() -> None:
    statements = Statements()
    statements.add("gelu", STATED)
    statements.add("shortcut", "Add the input of each block to its output as a shortcut.")
    assert statements.same("In place of each ReLU in the trunk's blocks, put a GELU.") is None
    assert statements.same("Put GELUs in place of each ReLU in all blocks of the trunk!") == "gelu"
    assert statements.same("Adding the input of a block to its output, as shortcuts.") == "shortcut"
    assert statements.same("Put a dilated convolution in the last stage of the trunk.") is None
