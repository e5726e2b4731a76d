"""Validity of a model: the verdicts of `generator.pretraining.validity` on programs that it samples.

This module does *not* measure accuracy; that is the evaluator's work.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from corpus.records.base import derive_seed
from corpus.records.prompts import Prompt, SamplingParameters
from corpus.records.tasks.shape import TaskShape
from generator.pretraining.validity import VALID, verdicts
from generator.prompts.extraction import extract_program
from generator.prompts.templates import ProgramRequest, render
from generator.samplers.transformers import TransformersSampler

SMALL = TaskShape(channels=1, height=12, width=12, classes=10)
"""The shape that checkpoints are measured on during training."""


def measure_validity(
    model: Path,
    count: int,
    seed: int,
    shape: TaskShape = SMALL,
    temperature: float = 0.8,
    max_new_tokens: int = 640,
    idea: str | None = None,
) -> dict[str, int]:
    """Return how often each verdict fell on `count` sampled programs."""
    parameters = SamplingParameters(temperature=temperature, max_new_tokens=max_new_tokens)
    sampler = TransformersSampler(model, parameters, batch_size=64)
    request = ProgramRequest(shape=shape, max_parameters=500_000, target_accuracy=0.5, idea=idea)
    prompts = [
        Prompt(
            id=f"p{index:04d}",
            strategy="measurement",
            template="compact",
            messages=render("compact", request),
            seed=derive_seed("measurement", seed, index),
        )
        for index in range(count)
    ]
    sources = [extract_program(completion.text) for completion in sampler.sample(prompts, None)]
    return dict(Counter(verdicts(sources, [shape] * count)).most_common())


def _main(
    model: Annotated[Path, typer.Argument(help="Folder of a model.")],
    count: Annotated[int, typer.Option(help="Programs to sample.")] = 200,
    seed: Annotated[int, typer.Option(help="Seeds the samples.")] = 0,
    shape: Annotated[str, typer.Option(help="Image shape, as in 3x32x32.")] = "1x12x12",
    classes: Annotated[int, typer.Option(help="Number of classes.")] = 10,
    temperature: Annotated[float, typer.Option(help="Sampling temperature.")] = 0.8,
    idea: Annotated[str | None, typer.Option(help="A design idea to state in each prompt.")] = None,
) -> None:
    """Print the share of sampled programs that execute, and what went wrong with the others."""
    channels, height, width = (int(number) for number in shape.split("x"))
    task = TaskShape(channels=channels, height=height, width=width, classes=classes)
    counts = measure_validity(model, count, seed, task, temperature, idea=idea)
    typer.echo(f"valid {counts.get(VALID, 0)} of {count}: {counts}")


if __name__ == "__main__":
    typer.run(_main)
