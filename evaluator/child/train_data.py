"""The training images as a program's `learn` gets them: resident uint8 tensors, gathered batch by batch.

It stands in for the `DataLoader` of LEMUR: sized, iterable any number of times with a new order each time,
with `batch_size` and a sized `dataset`. A batch is one `index_select` on the resident images and two passes
that normalise it, and no epoch is ever held as a copy. As there, a last batch that is not full is used: it
may hold a single image.

This module knows no validation images, and does *not* choose what is mirrored
(`evaluator.child.augmentation`).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from corpus.records.base import derive_seed
from evaluator.channel.plan import Plan
from evaluator.child.augmentation import Flip


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


class ImageSet:
    """The training split as a sized, indexable set of `(image, label)`, in the order of the task.

    Attributes:
        images: uint8 `(N, C, H, W)`.
        labels: int64 `(N,)`.
    """

    def __init__(self, images: Tensor, labels: Tensor, normalisation: Normalisation) -> None:
        self.images, self.labels = images, labels
        self._normalisation = normalisation

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Return one normalised image `(C, H, W)` and its label."""
        return self._normalisation(self.images[index].unsqueeze(0))[0], int(self.labels[index])

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return the normalised images `(B, C, H, W)` and the labels `(B,)` at `indices`; both are fresh."""
        return self._normalisation(self.images.index_select(0, indices)), self.labels.index_select(0, indices)


class TrainData:
    """The training images of one epoch in the protocol's order: a sized iterable of `(inputs, labels)`.

    `inputs` are float32 `(B, C, H, W)`, `labels` int64 `(B,)`, both fresh and free to be changed. The first
    pass over it is the epoch; another pass would have another order.

    Args:
        images: uint8 `(N, C, H, W)`.
        labels: int64 `(N,)`.
        plan: The protocol.
        epoch: Number of the epoch, from 0; with the protocol's seed it decides the order.
    """

    def __init__(self, images: Tensor, labels: Tensor, plan: Plan, epoch: int) -> None:
        self.batch_size = plan.config.batch_size
        self.dataset = ImageSet(images, labels, Normalisation(plan))
        self._flip = Flip(plan, epoch)
        self._generator = torch.Generator().manual_seed(derive_seed(plan.config.seed, "shuffle", epoch))

    def __len__(self) -> int:
        return batches_in(len(self.dataset), self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self.dataset), generator=self._generator)
        for indices in order.split(self.batch_size):
            inputs, labels = self.dataset.batch(indices)
            yield self._flip(inputs), labels


def batches_in(images: int, batch_size: int) -> int:
    """Return the number of batches of one pass over so many images; the last may not be full."""
    return -(-images // batch_size)
