"""Augmentations of training images that a candidate names, each drawn anew for every image of a batch.

    flip        mirrored, left to right, with this probability
    shift       moved along both axes by up to this share of the side, the edge repeated
    contrast    times a factor within 1 +- this, about the image's own mean
    brightness  plus a number within +- this, in standard deviations of the data
    noise       plus Gaussian noise of this standard deviation, likewise
    erase       a square of half the side set to the data's mean, with this probability

They are done to normalised images, in this order, from the protocol's seed. Only images of which a class or
labels are said alone are augmented: of other targets some would have to move along. This module does *not*
choose any, and the exam knows none of them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from corpus.records.base import derive_seed
from evaluator.channel.plan import Plan


class Augmentation:
    """What a candidate has done to its training images in one epoch; nothing where it names nothing.

    Args:
        plan: The protocol, with what the candidate names.
        epoch: Number of the epoch, from 0.
    """

    def __init__(self, plan: Plan, epoch: int) -> None:
        self._strength = plan.transforms if plan.shape.of_whole_images else {}
        self._generator = torch.Generator().manual_seed(derive_seed(plan.config.seed, "augment", epoch))

    def __call__(self, images: Tensor) -> Tensor:
        """Return normalised images `(B, C, H, W)`, changed."""
        for name in ("flip", "shift", "contrast", "brightness", "noise", "erase"):
            if strength := self._strength.get(name):
                images = getattr(self, f"_{name}")(images, strength)
        return images

    def _flip(self, images: Tensor, probability: float) -> Tensor:
        return torch.where(self._some(images, probability), images.flip(3), images)

    def _shift(self, images: Tensor, share: float) -> Tensor:
        height, width = images.shape[2:]
        most = max(1, round(share * max(height, width)))
        padded = functional.pad(images, (most, most, most, most), mode="replicate")
        across, down = torch.randint(2 * most + 1, (2, len(images)), generator=self._generator)
        rows = down[:, None] + torch.arange(height)  # (B, H)
        columns = across[:, None] + torch.arange(width)  # (B, W)
        rows, columns = rows.to(images.device), columns.to(images.device)
        chosen = padded.gather(2, rows[:, None, :, None].expand(-1, images.shape[1], -1, padded.shape[3]))
        return chosen.gather(3, columns[:, None, None, :].expand(-1, images.shape[1], height, -1))

    def _contrast(self, images: Tensor, strength: float) -> Tensor:
        mean = images.mean((1, 2, 3), keepdim=True)
        return (images - mean) * (1.0 + strength * self._within_one(images)) + mean

    def _brightness(self, images: Tensor, strength: float) -> Tensor:
        return images + strength * self._within_one(images)

    def _noise(self, images: Tensor, deviation: float) -> Tensor:
        noise = torch.randn(images.shape, generator=self._generator)
        return images + deviation * noise.to(images.device)

    def _erase(self, images: Tensor, probability: float) -> Tensor:
        height, width = images.shape[2:]
        tall, wide = max(1, height // 2), max(1, width // 2)
        top = torch.randint(height - tall + 1, (len(images), 1), generator=self._generator)
        left = torch.randint(width - wide + 1, (len(images), 1), generator=self._generator)
        rows = torch.arange(height)[None, :]
        columns = torch.arange(width)[None, :]
        inside = ((rows >= top) & (rows < top + tall))[:, :, None] & (
            (columns >= left) & (columns < left + wide)
        )[:, None, :]  # (B, H, W)
        return images.masked_fill(inside[:, None].to(images.device) & self._some(images, probability), 0.0)

    def _some(self, images: Tensor, probability: float) -> Tensor:
        """Return for each image `(B, 1, 1, 1)` whether it is one of those."""
        drawn = torch.rand(len(images), generator=self._generator) < probability
        return drawn.view(-1, 1, 1, 1).to(images.device)

    def _within_one(self, images: Tensor) -> Tensor:
        """Return a number in [-1, 1] for each image `(B, 1, 1, 1)`."""
        drawn = 2.0 * torch.rand(len(images), generator=self._generator) - 1.0
        return drawn.view(-1, 1, 1, 1).to(images.device)
