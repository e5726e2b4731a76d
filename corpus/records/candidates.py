"""The record of a candidate: a program, and where it comes from. This module does *not* judge it."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field

from corpus.records.base import Record
from corpus.records.prompts import FinishReason, SamplingParameters
from corpus.records.search.hyperparameters import Hyperparameter
from corpus.records.search.proposals import Decision


class Origin(StrEnum):
    """Where a program comes from."""

    SEED = "seed"
    """It stood in the starting corpus."""
    SAMPLED = "sampled"
    """The generator wrote it."""
    IMPORTED = "imported"
    """It was brought in from outside."""


class Candidate(Record):
    """One program to judge, together with everything needed to draw it again.

    Attributes:
        id: Unique within a ledger: `c003/0017` for samples, `seed/0004` for the starting corpus.
        origin: Where it comes from.
        source: The extracted program, or None when the completion held none.
        completion: The raw text of the model; equal to the source for seeds and imports. Where the prompt was
            refused (`finish_reason`), the server's words.
        finish_reason: Why the model stopped, None for programs that no model wrote.
        token_count: Tokens of the completion, 0 for programs that no model wrote.
        prompt_id: The prompt it answers, None for programs that no prompt asked for.
        cycle: Cycle that produced it, None for seeds and imports.
        index: Its place within the cycle (or within the starting corpus).
        parents: Candidates it was derived from.
        generator: Name of the base model or program source that wrote it.
        generator_hash: Content hash of the base model's weights, None where there are none or not here.
        adapter_hash: Content hash of the LoRA adapter in use, None for the base model alone.
        seed: What a program that no prompt asked for was drawn with; else the prompt holds the seed.
        machine_id: The `Machine` that wrote it, None where nobody noted it.
        sampling: The sampling parameters, None for programs that no model wrote.
        call_id: The call of the search that wrote it, None where none did.
        key: Its identity in a search space, None outside of spaces.
        operator: The kind of step of the search that led to it: `ask`, `sample`, `mutate`; empty for seeds,
            imports and the programs of earlier versions.
        idea: What it tries, in a few words; None where nothing was said.
        decisions: What was decided on the way to it, and by whom.
        hyperparameters: What it is trained with in place of the protocol's values of these names.
        transforms: What is done to the images that it is trained on, by strength.
    """

    id: str
    origin: Origin
    source: str | None
    completion: str
    finish_reason: FinishReason | None = None
    token_count: int = Field(default=0, ge=0)
    prompt_id: str | None = None
    cycle: int | None = Field(default=None, ge=0)
    index: int = Field(ge=0)
    parents: tuple[str, ...] = ()
    generator: str
    generator_hash: str | None = None
    adapter_hash: str | None = None
    seed: int | None = None
    machine_id: str | None = None
    sampling: SamplingParameters | None = None
    call_id: str | None = None
    key: str | None = None
    operator: str = ""
    idea: str | None = None
    decisions: tuple[Decision, ...] = ()
    hyperparameters: tuple[Hyperparameter, ...] = ()
    transforms: tuple[Hyperparameter, ...] = ()

    @classmethod
    def seeded(cls, index: int, source: str, *, generator: str, seed: int | None = None) -> Self:
        """Return program `index` of the starting corpus, as `generator` drew it with `seed`."""
        return cls(
            id=f"seed/{index:04d}",
            origin=Origin.SEED,
            source=source,
            completion=source,
            index=index,
            generator=generator,
            seed=seed,
        )

    @classmethod
    def imported(cls, identifier: str, source: str, *, generator: str, index: int = 0) -> Self:
        """Return a program from outside: from a file, from a collection, or made to be measured."""
        return cls(
            id=identifier,
            origin=Origin.IMPORTED,
            source=source,
            completion=source,
            index=index,
            generator=generator,
        )
