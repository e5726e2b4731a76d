"""The text of pre-training: requests of all kinds, each answered by a program of the grammar.

Requests vary in image shape, classes, cap and target accuracy. The target says nothing about the program:
nobody has trained it. What makes an accurate network is left for the loop to discover.

This module does *not* evaluate programs, and no data set's name occurs in it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus.records.base import derive_seed
from corpus.records.prompts import Message
from corpus.records.tasks.shape import TaskShape
from generator.prompts.templates import ProgramRequest, expected_completion, render

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

ProgramSource = Callable[[random.Random, TaskShape, int], str]
"""Draws a program for `(rng, shape, max_parameters)`."""

_FREQUENT_IMAGES = {(1, 12, 12): 0.30, (1, 8, 8): 0.20, (3, 32, 32): 0.18, (1, 28, 28): 0.12}
_SIDES = (8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48)
_CAPS = (200_000, 300_000, 400_000, 500_000, 800_000, 1_000_000)


@dataclass(frozen=True)
class PretrainingExample:
    """A chat and the program that answers it."""

    prompt: tuple[Message, ...]
    completion: str


@dataclass(frozen=True)
class EncodedExample:
    """Token ids of prompt and completion, the end token included; the loss starts at `prompt_length`."""

    tokens: tuple[int, ...]
    prompt_length: int


def draw_request(rng: random.Random) -> ProgramRequest:
    """Return a random request: about half small grey images, ten classes more often than not."""
    images = [*_FREQUENT_IMAGES, None]
    weights = [*_FREQUENT_IMAGES.values(), 1.0 - sum(_FREQUENT_IMAGES.values())]
    image = rng.choices(images, weights)[0]
    if image is None:
        side = rng.choice(_SIDES)
        image = (rng.choice((1, 3)), side, side)
    classes = 10 if rng.random() < 0.6 else rng.choice((rng.randint(2, 20), rng.randint(2, 100), 100))
    channels, height, width = image
    return ProgramRequest(
        shape=TaskShape(channels=channels, height=height, width=width, classes=classes),
        max_parameters=rng.choice(_CAPS),
        target_accuracy=rng.randint(5, 95) / 100,
    )


def draw_examples(source: ProgramSource, count: int, seed: int) -> Iterator[PretrainingExample]:
    """Yield `count` examples; the one at an index depends on `(seed, index)` alone."""
    for index in range(count):
        rng = random.Random(derive_seed("pretraining", seed, index))
        request = draw_request(rng)
        program = source(rng, request.shape, request.max_parameters)
        yield PretrainingExample(render("compact", request), expected_completion("compact", program))


def grammar_source(rng: random.Random, shape: TaskShape, max_parameters: int) -> str:
    """Return a program of the grammar: the `ProgramSource` of the shipped model."""
    from generator.grammar import sample_program

    return sample_program(rng, shape, max_parameters=max_parameters).source


def encode(tokenizer: PreTrainedTokenizerFast, example: PretrainingExample) -> EncodedExample:
    """Return the tokens of `example`, in exactly the form that sampling and fine-tuning use later."""
    prompt = [message.model_dump() for message in example.prompt]
    opening = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
    opening_ids = tokenizer(opening, add_special_tokens=False)["input_ids"]
    answer_ids = tokenizer(example.completion, add_special_tokens=False)["input_ids"]
    return EncodedExample((*opening_ids, *answer_ids, tokenizer.eos_token_id), len(opening_ids))
