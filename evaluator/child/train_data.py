"""The training split as a program's `learn` gets it: resident tensors, gathered batch by batch.

It stands in for what the reference hands to `learn`, a `tqdm` bar over a `DataLoader` that is its own
iterator: sized, with `next()`, and over after one pass. A batch is one `index_select` on the resident inputs
and two passes that normalise it, and no epoch is ever held as a copy. As there, a last batch that is not full
is used: it may hold a single example. Beyond the reference it has `criterion`, the loss of the task.

Where the protocol says so, about half of the training images are mirrored. LEMUR's transforms that end in
`_flip` mirror test images too; here none of the exam is, and only images are whose targets say what they
show, not where (`evaluator.supervisor.demands` refuses all else).

This module shows no progress and knows no validation inputs.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, TextIO

import torch
from torch import Tensor, nn

from corpus.records.base import derive_seed
from corpus.records.tasks.kinds import TaskKind
from evaluator.channel.plan import Plan
from evaluator.child.augmenting import Augmentation


@dataclass(frozen=True)
class TrainingSet:
    """The training split as resident tensors.

    Attributes:
        inputs: Images `(N, C, H, W)` as uint8; signals `(N, C, L)` and fields `(N, C, H, W)` as float32.
        targets: int64 class ids `(N,)`, or of every position `(N, H, W)` or `(N, L)`; float32 0 and 1 of
            labels `(N, K)`; float32 numbers `(N, K, H, W)` or `(N, K, L)`, standardised.
    """

    inputs: Tensor
    targets: Tensor

    def on_device(self, plan: Plan) -> TrainingSet:
        """Return the split as it lies on the protocol's device, which starts with it.

        CUDA starts in the program's own process: when that is locked in, so that every thread of the driver
        is too, and before the program arrives. A zygote never starts it, as a process that did cannot fork.

        Raises:
            RuntimeError: The driver does not start, or the split does not fit.
        """
        if not plan.config.on_gpu:
            return self
        device = torch.device(plan.config.backend)
        share = plan.config.gpu_memory_bytes / torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, share), device)
        torch.backends.cudnn.deterministic = True
        resident = TrainingSet(self.inputs.to(device), self.targets.to(device))
        gc.freeze()  # what is there before the program is none of what it keeps
        return resident


class Normalisation:
    """`(x - mean) / std` with the protocol's statistics, its constants built once.

    Of uint8 images, x is `image / 255`.

    Args:
        plan: Mean and standard deviation of each channel, and the type of the inputs.
    """

    def __init__(self, plan: Plan) -> None:
        # (image - 255 mean) * 1 / (255 std): one pass that also converts, one in place.
        white = 255.0 if plan.inputs == "uint8" else 1.0
        channels = (1, -1, *(1 for _ in plan.shape.positions))
        device = plan.config.backend
        shift, spread = (torch.tensor(each).view(channels) * white for each in (plan.mean, plan.std))
        self._shift = shift.to(device)  # (1, C, 1, 1) or (1, C, 1)
        self._scale = (1.0 / spread).to(device)  # (1, C, 1, 1) or (1, C, 1)

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return inputs `(B, C, H, W)` or `(B, C, L)` as fresh float32 of the same shape."""
        return torch.sub(inputs, self._shift).mul_(self._scale)


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


def loss_of(kind: TaskKind) -> nn.Module:
    """Return a fresh module of the loss that goes with a kind of task: `loss_of(kind)(answers, targets)`."""
    loss: nn.Module = getattr(nn, kind.loss)()
    return loss


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
    """One pass over the training split in the protocol's order: an iterator of `(inputs, targets)`.

    `inputs` are float32 `(B, C, H, W)`, or `(B, C, L)` of signals. `targets` are int64 `(B,)` for
    single-label tasks; float32 `(B, K)` of 0 and 1 for multi-label; int64 `(B, H, W)` or `(B, L)` for
    segmentation; float32 `(B, K, H, W)` or `(B, K, L)` for regression, of which each of the K has mean 0 and
    standard deviation 1 over the training split. Both are fresh and free to be changed.

    Each batch comes once: iterating again goes on where it was left, and yields nothing after the end. Its
    length is the number of batches of the whole pass, however many have been drawn.

    Args:
        inputs: The resident inputs, as in `TrainingSet`.
        targets: The resident targets, likewise.
        plan: The protocol.
        epoch: Number of the epoch, from 0; with the protocol's seed it decides the order.

    Attributes:
        criterion: The task's loss of `(answers, targets)`, a fresh module that a program may use in place of
            its own: `nn.CrossEntropyLoss()` for single-label tasks and segmentation, `nn.BCEWithLogitsLoss()`
            for multi-label, `nn.MSELoss()` for regression.
    """

    def __init__(self, inputs: Tensor, targets: Tensor, plan: Plan, epoch: int) -> None:
        self.batch_size = plan.config.batch_size
        self.total = batches_in(len(targets), self.batch_size)
        self.n = 0
        self.criterion = loss_of(plan.shape.kind)
        self._batches = _batches(inputs, targets, plan, epoch)

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[Tensor, Tensor]:
        batch = next(self._batches)
        self.n += 1
        return batch


def batches_in(examples: int, batch_size: int) -> int:
    """Return the number of batches of one pass over so many examples; the last may not be full."""
    return -(-examples // batch_size)


def _batches(inputs: Tensor, targets: Tensor, plan: Plan, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of one epoch."""
    normalisation, flip, augmentation = Normalisation(plan), Flip(plan, epoch), Augmentation(plan, epoch)
    generator = torch.Generator().manual_seed(derive_seed(plan.config.seed, "shuffle", epoch))
    order = torch.randperm(len(targets), generator=generator)
    for indices in order.to(plan.config.backend).split(plan.config.batch_size):
        images = augmentation(flip(normalisation(inputs.index_select(0, indices))))
        yield images, targets.index_select(0, indices)
