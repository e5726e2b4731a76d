"""Batches of examples of similar length, so that little processor time is spent on padding.

Rows are padded on the right. Under a causal mask a token never sees what follows it, so no attention mask
is needed and no document sees another. This module does *not* move tensors to a device.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generator.pretraining.text import EncodedExample

IGNORED = -100
"""Label of positions that the loss skips, as in PyTorch's cross entropy."""


@dataclass(frozen=True)
class Batch:
    """Token ids (B, T) and, at each position, the *next* token as label (B, T) or `IGNORED`."""

    tokens: Tensor
    labels: Tensor


def collate(examples: Sequence[EncodedExample], pad_id: int) -> Batch:
    """Return `examples` as one batch; prompts and padding carry no loss."""
    length = max(len(example.tokens) for example in examples)
    tokens = torch.full((len(examples), length), pad_id)
    labels = torch.full((len(examples), length), IGNORED)
    for row, example in enumerate(examples):
        ids = torch.tensor(example.tokens)
        tokens[row, : len(ids)] = ids
        start = example.prompt_length
        labels[row, start - 1 : len(ids) - 1] = ids[start:]
    return Batch(tokens, labels)


def batch_indices(lengths: Sequence[int], batch_size: int, rng: random.Random) -> Iterator[list[int]]:
    """Yield one epoch of batches as indices: shuffled, sorted by length within 50 batches, shuffled again."""
    order = list(range(len(lengths)))
    rng.shuffle(order)
    batches: list[list[int]] = []
    for start in range(0, len(order), batch_size * 50):
        chunk = sorted(order[start : start + batch_size * 50], key=lambda index: lengths[index])
        batches += [chunk[at : at + batch_size] for at in range(0, len(chunk), batch_size)]
    rng.shuffle(batches)
    yield from batches
