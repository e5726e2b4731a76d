"""The passages of a document that speak of a kind of idea, found by the words that they share with it.

A passage is up to 1,200 characters of one section, whole paragraphs as far as they fit. Of a sub-category
count the words of its path (but its level) and of its marks threefold, those of what it says once. Each word
that a passage holds, however often, adds its weight times log(1 + P / p), where p of the document's P
passages hold it: a word that stands everywhere says little. A passage without a word of path or marks does
not count; the best three are taken. The rule and its numbers are our choice.

This module does *not* understand a text: what is worth asking about is found, not what it says.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from corpus.records.search.ideas import SubCategory
from generator.ideas.growing.documents import Document
from generator.ideas.words import content_words

PASSAGE_CHARACTERS = 1_200
MOST_PASSAGES = 3
"""Passages that one question shows."""

_OWN_WEIGHT, _SAID_WEIGHT = 3.0, 1.0
_EVERYWHERE = frozenset(content_words("layer layers network networks model models operator block"))
"""Words that stand in every paper on networks and choose none."""


@dataclass(frozen=True)
class Passage:
    """A piece of a document.

    Attributes:
        section: The title of the section that it stands in.
        text: What it says.
    """

    section: str
    text: str


@dataclass(frozen=True)
class Kind:
    """The words of a sub-category.

    Attributes:
        own: Those of its path and of its marks.
        said: Those of what it says.
    """

    own: frozenset[str]
    said: frozenset[str]

    @classmethod
    def of(cls, leaf: SubCategory) -> Kind:
        """Return the words of a sub-category."""
        own = content_words(leaf.path.partition("/")[2]) + content_words(" ".join(leaf.marks))
        named = frozenset(own) - _EVERYWHERE
        return cls(named, frozenset(content_words(leaf.says)) - _EVERYWHERE - named)


class Passages:
    """A document's passages, and which of them speak of what.

    Args:
        document: The document.
    """

    def __init__(self, document: Document) -> None:
        self.all = tuple(_cut(document))

    @cached_property
    def _words(self) -> Sequence[frozenset[str]]:
        return [frozenset(content_words(f"{each.section} {each.text}")) for each in self.all]

    @cached_property
    def _holding(self) -> Mapping[str, int]:
        return Counter(word for words in self._words for word in words)

    def about(self, leaf: SubCategory) -> tuple[Passage, ...]:
        """Return the passages that speak most of a sub-category, in the document's order; often none."""
        kind = Kind.of(leaf)
        scored = [(self._score(words, kind), -index) for index, words in enumerate(self._words)]
        best = sorted((each for each in scored if each[0] > 0), reverse=True)[:MOST_PASSAGES]
        return tuple(self.all[index] for index in sorted(-index for _, index in best))

    def _score(self, words: frozenset[str], kind: Kind) -> float:
        if not words & kind.own:
            return 0.0
        own = sum(map(self._rarity, sorted(words & kind.own)))
        return _OWN_WEIGHT * own + _SAID_WEIGHT * sum(map(self._rarity, sorted(words & kind.said)))

    def _rarity(self, word: str) -> float:
        return math.log(1 + len(self.all) / self._holding[word])


def _cut(document: Document) -> Iterator[Passage]:
    for section in document.sections:
        held = ""
        for piece in _pieces(section.text):
            if held and len(held) + len(piece) + 1 > PASSAGE_CHARACTERS:
                yield Passage(section.title, held)
                held = ""
            held = f"{held}\n{piece}" if held else piece
        if held:
            yield Passage(section.title, held)


def _pieces(text: str) -> Iterator[str]:
    """Yield the paragraphs of a text, longer ones cut between words, all white space as single blanks."""
    for paragraph in text.split("\n\n"):
        rest = " ".join(paragraph.split())
        while len(rest) > PASSAGE_CHARACTERS:
            at = rest.rfind(" ", 0, PASSAGE_CHARACTERS)
            at = at if at > 0 else PASSAGE_CHARACTERS
            yield rest[:at]
            rest = rest[at:].lstrip()
        if rest:
            yield rest
