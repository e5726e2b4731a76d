"""A sampler without a model: each completion is a program of the grammar. The random-search control.

It keeps the samplers' contract, so the loop runs on it unchanged, and it cannot learn: this module does *not*
read prompts beyond their seed, and it refuses adapters.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from corpus.records import Completion, FinishReason, Prompt, TaskShape
from generator.grammar import sample_program
from generator.prompts import TemplateName, expected_completion


class GrammarSampler:
    """Answers every prompt with a program that the grammar draws from the prompt's seed.

    Args:
        shape: Image shape and number of classes that programs are made for.
        max_parameters: Cap on their trainable parameters.
    """

    def __init__(self, shape: TaskShape, max_parameters: int) -> None:
        self._shape, self._max_parameters = shape, max_parameters

    @property
    def model_name(self) -> str:
        """Always `grammar`."""
        return "grammar"

    def sample(self, prompts: Sequence[Prompt], adapter: Path | None) -> Iterator[Completion]:
        """Yield one program for each prompt, in order; see `generator.sampling.Sampler`.

        Raises:
            ValueError: An adapter was given.
        """
        if adapter is not None:
            raise ValueError("the grammar takes no adapter: only a model can be fine-tuned")
        for prompt in prompts:
            program = sample_program(
                random.Random(prompt.seed), self._shape, max_parameters=self._max_parameters
            )
            template: TemplateName = "instruct" if prompt.template == "instruct" else "compact"
            yield Completion(
                prompt_id=prompt.id,
                text=expected_completion(template, program.source),
                finish_reason=FinishReason.STOP,
                token_count=0,
            )
