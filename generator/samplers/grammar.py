"""A sampler without a model: each completion is a program of the grammar. The random-search control.

It keeps the samplers' contract, so the loop runs on it unchanged, and it cannot learn: this module does *not*
read prompts beyond their seed, and it refuses adapters.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from pathlib import Path

from corpus.records.base import TaskShape
from corpus.records.prompts import FinishReason, Prompt
from generator.grammar import sample_program
from generator.prompts.templates import TemplateName, expected_completion
from generator.samplers.contract import Sample, Sampler, SamplingOptions, UnsupportedOption, sample_seed


class GrammarSampler(Sampler):
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

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        """Yield programs in the order of the prompts; see `generator.samplers.contract.Sampler`.

        Raises:
            UnsupportedOption: An adapter, stop texts, log-probabilities or a guide were asked for.
        """
        if adapter is not None:
            raise UnsupportedOption(
                "the grammar takes no adapter: only a model can be fine-tuned. Take another generator.sampler"
            )
        options = options or SamplingOptions()
        if options != SamplingOptions(n=options.n):
            raise UnsupportedOption("the grammar only draws programs: take another generator.sampler")
        for prompt in prompts:
            template: TemplateName = "instruct" if prompt.template == "instruct" else "compact"
            for index in range(options.n):
                program = sample_program(
                    random.Random(sample_seed(prompt, index)),
                    self._shape,
                    max_parameters=self._max_parameters,
                )
                yield Sample(
                    prompt_id=prompt.id,
                    index=index,
                    text=expected_completion(template, program.source),
                    finish_reason=FinishReason.STOP,
                    token_count=0,
                )
