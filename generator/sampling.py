"""The contract of samplers: prompts in, completions out, in order and as soon as each batch is done.

This module does *not* sample; `generator.transformers_sampler` and `generator.grammar_sampler` do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from corpus.records import Completion, Prompt


class Sampler(Protocol):
    """Answers prompts with a model, or with whatever stands in for one.

    A completion depends on its prompt (messages and seed), on the adapter and on the sampler's own
    parameters. A sampler keeps no state between calls that could change a result, so a run that resumes
    draws what it would have drawn.
    """

    @property
    def model_name(self) -> str:
        """Name of the base model or program source, for the ledger's `generator` column."""
        ...

    def sample(self, prompts: Sequence[Prompt], adapter: Path | None) -> Iterator[Completion]:
        """Yield one completion for each prompt, in the order of `prompts`, batch by batch.

        Exhaust or close one iterator before the next one is asked for.

        Args:
            prompts: What to answer.
            adapter: Folder of a PEFT LoRA adapter to put on the base model, None for the base model alone.
        """
        ...
