"""The training images as a program's `learn` gets them: resident uint8 tensors, gathered batch by batch.

It stands in for what the reference hands to `learn`, a `tqdm` bar over a `DataLoader` that is its own
iterator: sized, with `next()`, and over after one pass. A batch is one `index_select` on the resident images
and two passes that normalise it, and no epoch is ever held as a copy. As there, a last batch that is not full
is used: it may hold a single image.

This module shows no progress, knows no validation images, and does *not* choose what is mirrored
(`evaluator.child.augmentation`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, TextIO

import torch
from torch import Tensor

from corpus.records.base import derive_seed
from evaluator.channel.plan import Plan
from evaluator.child.augmentation import Flip


@dataclass(frozen=True)
class TrainingSet:
    """The training split as resident tensors: uint8 `(N, C, H, W)` and int64 `(N,)`."""

    inputs: Tensor
    targets: Tensor


class Normalisation:
    """`(image / 255 - mean) / std` with the protocol's statistics, its constants built once.

    Args:
        plan: Mean and standard deviation of each channel.
    """

    def __init__(self, plan: Plan) -> None:
        # (image - 255 mean) * 1 / (255 std): one pass that also converts, one in place.
        self._shift = torch.tensor(plan.mean).view(1, -1, 1, 1) * 255.0  # (1, C, 1, 1)
        self._scale = 1.0 / (torch.tensor(plan.std).view(1, -1, 1, 1) * 255.0)  # (1, C, 1, 1)

    def __call__(self, images: Tensor) -> Tensor:
        """Return uint8 images `(B, C, H, W)` as fresh float32 of the same shape."""
        return torch.sub(images, self._shift).mul_(self._scale)


class SilentBar:
    """The methods by which a program drives a `tqdm` bar (tqdm 4, `tqdm.std.tqdm`); they show nothing."""

    def set_description(self, *_: object, **__: object) -> None:
        """Do nothing, whatever the arguments."""

    set_description_str = set_postfix = set_postfix_str = set_description
    update = refresh = display = clear = close = reset = unpause = moveto = set_description

    @classmethod
    def write(cls, s: str, file: TextIO | None = None, end: str = "\n", **_: object) -> None:
        """Print a line, as a bar would do above itself."""
        (file or sys.stdout).write(f"{s}{end}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class TrainData(SilentBar):
    """One pass over the training images in the protocol's order: an iterator of `(inputs, labels)`.

    `inputs` are float32 `(B, C, H, W)`, `labels` int64 `(B,)`, both fresh and free to be changed. Each batch
    comes once: iterating again goes on where it was left, and yields nothing after the end. Its length is the
    number of batches of the whole pass, however many have been drawn.

    Args:
        images: uint8 `(N, C, H, W)`.
        labels: int64 `(N,)`.
        plan: The protocol.
        epoch: Number of the epoch, from 0; with the protocol's seed it decides the order.
    """

    def __init__(self, images: Tensor, labels: Tensor, plan: Plan, epoch: int) -> None:
        self.batch_size = plan.config.batch_size
        self.total = batches_in(len(labels), self.batch_size)
        self.n = 0
        self._batches = _batches(images, labels, plan, epoch)

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[Tensor, Tensor]:
        batch = next(self._batches)
        self.n += 1
        return batch


def batches_in(images: int, batch_size: int) -> int:
    """Return the number of batches of one pass over so many images; the last may not be full."""
    return -(-images // batch_size)


def _batches(images: Tensor, labels: Tensor, plan: Plan, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of one epoch."""
    normalisation, flip = Normalisation(plan), Flip(plan, epoch)
    generator = torch.Generator().manual_seed(derive_seed(plan.config.seed, "shuffle", epoch))
    order = torch.randperm(len(labels), generator=generator)
    for indices in order.split(plan.config.batch_size):
        yield flip(normalisation(images.index_select(0, indices))), labels.index_select(0, indices)
