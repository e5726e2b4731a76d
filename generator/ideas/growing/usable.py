"""Whether a statement can be used as an idea, by rule: no model judges another's words here.

    too short           fewer than six words, or fewer than three that say something
    too long            more than 300 characters
    no plain text       signs that cannot be seen, or fewer letters than other signs
    echo of the question    half of its pairs of words, or more, stand in what was asked
    copied              sixteen words in a row stand in the document
    not in the text     fewer than 60% of its words that say something stand in the passages
    of another kind     it has no word of the sub-category's path, of its marks or of what it says

The first that holds counts. The rule and its numbers are our choice. It does *not* tell a true statement from
a false one made of the same words.
"""

from __future__ import annotations

from collections.abc import Set

from corpus.records.search.ideas import SubCategory
from corpus.records.text import visible
from generator.ideas.growing.passages import Kind, Passage
from generator.ideas.growing.questions import MOST_CHARACTERS, Question
from generator.ideas.words import content_words, plain_words

FEWEST_WORDS = 6
FEWEST_SAYING = 3
ECHO_SHARE = 0.5
COPIED_WORDS = 16
SUPPORT_SHARE = 0.6

FLAWS = (
    "too short",
    "too long",
    "no plain text",
    "echo of the question",
    "copied",
    "not in the text",
    "of another kind",
)


def tidied(statement: str) -> str:
    """Return a statement on one line, without marks of a list or quotes around it."""
    return " ".join(statement.split()).lstrip("-*\u2022 ").strip("\"'\u201c\u201d ")


def flaw(statement: str, question: Question) -> str | None:
    """Return why a tidied statement cannot be used, one of `FLAWS`; None where it can."""
    words, saying = plain_words(statement), content_words(statement)
    if len(words) < FEWEST_WORDS or len(set(saying)) < FEWEST_SAYING:
        return "too short"
    if len(statement) > MOST_CHARACTERS:
        return "too long"
    if visible(statement) != statement or 2 * sum(map(str.isalpha, statement)) < len(statement):
        return "no plain text"
    if _share(_runs(words, 2), _runs(plain_words(question.words), 2)) >= ECHO_SHARE:
        return "echo of the question"
    shown = [plain_words(each.text) for each in question.passages]
    if any(_runs(words, COPIED_WORDS) & _runs(each, COPIED_WORDS) for each in shown):
        return "copied"
    if support(statement, question.passages) < SUPPORT_SHARE:
        return "not in the text"
    return None if of_kind(statement, question.leaf) else "of another kind"


def of_kind(statement: str, leaf: SubCategory) -> bool:
    """Return whether a statement has a word of a sub-category."""
    kind = Kind.of(leaf)
    return bool((kind.own | kind.said) & set(content_words(statement)))


def support(statement: str, passages: tuple[Passage, ...]) -> float:
    """Return the share of a statement's words that stand in passages, in [0, 1]."""
    held = {word for each in passages for word in content_words(f"{each.section} {each.text}")}
    return _share(set(content_words(statement)), held)


def supporting(statement: str, passages: tuple[Passage, ...]) -> Passage:
    """Return the passage that holds most of a statement's words, the first of equals."""
    return max(passages, key=lambda each: support(statement, (each,)))


def _share(part: Set[object], whole: Set[object]) -> float:
    return len(part & whole) / len(part) if part else 0.0


def _runs(words: list[str], length: int) -> set[tuple[str, ...]]:
    """Return the runs of so many words; none where there are fewer."""
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}
