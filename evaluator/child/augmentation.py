"""Chance changes of the training images, where the protocol asks for them: about half are mirrored.

LEMUR's transforms that end in `_flip` mirror test images too; here only training images are, and only where a
target says what an image shows, not where (`evaluator.supervisor.demands` refuses all else).

This module does *not* change what is resident: it is handed batches that are fresh.
"""

from __future__ import annotations

import torch
from torch import Tensor

from corpus.records.base import derive_seed
from evaluator.channel.plan import Plan


class Flip:
    """Mirrors each image with probability 1/2, left to right; does nothing where the protocol has no flip.

    Args:
        plan: The protocol.
        epoch: Number of the epoch, from 0; with the protocol's seed it decides which images.
    """

    def __init__(self, plan: Plan, epoch: int) -> None:
        self._generator = (
            torch.Generator().manual_seed(derive_seed(plan.config.seed, "flip", epoch))
            if plan.config.flip
            else None
        )

    def __call__(self, images: Tensor) -> Tensor:
        """Return images `(B, C, H, W)`, about half of them mirrored."""
        if self._generator is None:
            return images
        mirrored = torch.rand(len(images), generator=self._generator) < 0.5
        return torch.where(mirrored.view(-1, 1, 1, 1).to(images.device), images.flip(3), images)
