"""The contract of deciders: a chat in, a text, a JSON document or one of several options out.

A decider says how its answer came about (`AnswerPath`), so that the share of decisions that a model really
made can be read from the ledger. It does *not* record anything and keeps no state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from corpus.records.prompts import Message
from corpus.records.search.calls import Answer


class Decider(Protocol):
    """Answers questions, one at a time."""

    def generate(self, messages: Sequence[Message], *, seed: int, adapter: Path | None = None) -> Answer:
        """Return free text; without a model the value is None, by the path RULE.

        Args:
            messages: The chat.
            seed: Seeds the sampling: equal seeds give equal answers as far as the model's server allows.
            adapter: Folder of the LoRA adapter that answers, None for the base model.

        Raises:
            UpstreamError: What answers is gone, and patience did not help.
        """
        ...

    def json(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, JsonValue],
        *,
        seed: int,
        adapter: Path | None = None,
    ) -> Answer:
        """Return a document that `schema` (https://json-schema.org) accepts.

        GUIDED where the server masks all else; elsewhere the document is looked for in free text, and asked
        for a second time with the fault named (PARSED). None by the path RULE where neither held one.

        Raises:
            UpstreamError: As `generate`.
        """
        ...

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, seed: int, adapter: Path | None = None
    ) -> Answer:
        """Return one of `options`, which differ and are at least one.

        GUIDED by a server's mask or by the length-normalised log-likelihood of each option; without a model a
        seeded uniform draw, by the path CHANCE.

        Raises:
            UpstreamError: As `generate`.
        """
        ...
