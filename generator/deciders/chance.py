"""The decider without a model: texts and documents are left to whoever asked, options are drawn.

It is an arm of its own in comparisons: what a search is worth without its model.

This module does *not* know any rule: the strategies have them.
"""

# ruff: noqa: ARG002 - what is asked does not matter here
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from pydantic import JsonValue

from corpus.records.prompts import Message
from corpus.records.search.calls import Answer, AnswerPath


class ChanceDecider:
    """Keeps `generator.deciders.contract.Decider` and asks nobody."""

    def generate(self, messages: Sequence[Message], *, seed: int, adapter: Path | None = None) -> Answer:
        """Return no text, by the path RULE."""
        return Answer(value=None, path=AnswerPath.RULE)

    def json(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, JsonValue],
        *,
        seed: int,
        adapter: Path | None = None,
    ) -> Answer:
        """Return no document, by the path RULE."""
        return Answer(value=None, path=AnswerPath.RULE)

    def choose(
        self,
        messages: Sequence[Message],
        options: Sequence[str],
        *,
        seed: int,
        adapter: Path | None = None,
    ) -> Answer:
        """Return an option that `seed` draws uniformly, by the path CHANCE."""
        return Answer(value=drawn(options, seed), path=AnswerPath.CHANCE)


def drawn(options: Sequence[str], seed: int) -> str:
    """Return one of `options`, drawn uniformly: equal seeds draw equally from equally many."""
    return options[Random(seed).randrange(len(options))]
