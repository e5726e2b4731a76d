#!/usr/bin/env python
"""Judge one program as LEMUR does: the path that the evaluator's speed and fidelity are measured against.

    .venv/bin/python scripts/lemur_reference.py program.py --data task.npz --batch-size 16

A fresh interpreter loads torch and trains the program from a `DataLoader` whose data set turns every image
into a tensor and normalises it in Python, sample by sample, each time that it is read. After `learn` come
loss and accuracy on the training images, unless `learn` returned a loss, then loss and accuracy on the test
images. The process reports its own accuracy.

It follows `ab.nn.util.Train.Train` of nn-dataset 2.2.11 in what a program can notice: the shape that it is
told is that of a batch of one image, one `prm` goes to `__init__` and to `train_setup` and holds `batch`,
`transform` and `epoch_max`, the last batch of an epoch may not be full, `learn` gets an iterator of one pass,
and the accuracy counts the largest of all scores. It differs from that code in this, and is cheaper for it:

- Values of other declared hyperparameters are the evaluator's (`ProxyConfig.prm`); there,
  Optuna draws them from [0, 1]. `dropout`, `momentum` and `epoch` are handed to all, declared or not.
- No resize, no flip, no image library: arrays are loaded at once. There the default is `norm_256_flip`, which
  also mirrors test images by chance.
- Mean and deviation are the task's; there, each data set has constants.
- No worker processes (every core serves another program); there, two.
- Seeds are set; there, none are.
- Test images are the task's validation split.
- The iterator has no progress bar, none of its methods, and no estimate of the time: there, an epoch that
  would take more than 30 minutes ends.
- No norm of the gradients, no figures of the machine, no database, no statistics file, no checkpoint, no
  ONNX, no epoch after the first.
- A loss that fails ends its pass, as there; any other failure is raised as it is, and an accuracy below 1.2
  times chance is reported, not raised.
- Scores are a tensor `(B, columns)`; there, `(B, S, columns)` is folded into `(B * S, columns)`, and a tensor
  with more axes is compared with the labels as broadcasting has it.

It is no sandbox, and the evaluator does not use it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from evaluator.channel.proxy_config import ProxyConfig

if TYPE_CHECKING:
    from evaluator.tasks import Task

Batches = Iterable[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class ReferenceData:
    """A task as torchvision's data sets hold it.

    Attributes:
        train_images: uint8 `(N, H, W, C)`.
        train_labels: int64 `(N,)`.
        test_images: uint8 `(M, H, W, C)`: what accuracy is measured on, here the task's validation split.
        test_labels: int64 `(M,)`.
        mean: Mean of each channel, in [0, 1].
        std: Standard deviation of each channel, in [0, 1].
        classes: Number of classes.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int

    @classmethod
    def of(cls, task: Task) -> ReferenceData:
        """Return the training and validation split of `task`, channels last in memory."""
        train, val = (
            np.ascontiguousarray(split.inputs.transpose(0, 2, 3, 1)) for split in (task.train, task.val)
        )
        return cls(train, task.train.targets, val, task.val.targets, task.mean, task.std, task.shape.classes)

    def save(self, path: Path) -> None:
        """Write an uncompressed `.npz`, which a process of its own loads in milliseconds."""
        np.savez(path, **{name: np.asarray(value) for name, value in vars(self).items()})

    @classmethod
    def load(cls, path: Path) -> ReferenceData:
        """Return what `save` wrote."""
        with np.load(path) as stored:
            values = {name: stored[name] for name in stored.files}
        mean, std = (tuple(float(each) for each in values.pop(name)) for name in ("mean", "std"))
        return cls(mean=mean, std=std, classes=int(values.pop("classes")), **values)


class ImageData(Dataset[tuple[Tensor, int]]):
    """Images that are transformed one by one, whenever they are read."""

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, transforms: list[Callable[[Any], Tensor]]
    ) -> None:
        self.images, self.labels, self.transforms = images, labels, transforms

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = self.images[index]
        for transform in self.transforms:
            image = transform(image)
        return image, int(self.labels[index])


def to_tensor(image: np.ndarray) -> Tensor:
    """Return an image `(H, W, C)` of bytes as float32 `(C, H, W)` in [0, 1]."""
    return torch.from_numpy(image).permute(2, 0, 1).contiguous().to(torch.float32).div(255)


class Normalize:
    """Shifts and scales one image; the statistics become tensors at every call, as a transform has to."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        self.mean, self.std = mean, std

    def __call__(self, image: Tensor) -> Tensor:
        """Return the image `(C, H, W)` with the mean taken off, divided by the deviation."""
        mean = torch.as_tensor(self.mean, dtype=image.dtype).view(-1, 1, 1)
        std = torch.as_tensor(self.std, dtype=image.dtype).view(-1, 1, 1)
        return image.clone().sub_(mean).div_(std)


class OnePass:
    """A sized iterator over the batches of one epoch: when it has ended, it stays at its end."""

    def __init__(self, loader: DataLoader[tuple[Tensor, int]]) -> None:
        self._batches, self._length = iter(loader), len(loader)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self

    def __next__(self) -> tuple[Tensor, Tensor]:
        inputs, labels = next(self._batches)
        return inputs, labels


class ReferenceRun:
    """One program on its way through the reference path.

    Args:
        source: The program.
        data: The task.
        batch_size: Images in a batch, of training and of every other pass.
        prm: Hyperparameters handed to the program, beside those that the protocol has by default.
        seed: Seeds weights, dropout and order.
    """

    def __init__(
        self, source: str, data: ReferenceData, *, batch_size: int, prm: dict[str, float], seed: int
    ) -> None:
        self._learned: object = None
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        module = ModuleType("program")
        exec(compile(source, "program.py", "exec", dont_inherit=True), module.__dict__)
        height, width, channels = data.train_images.shape[1:]
        values = ProxyConfig(batch_size=batch_size).prm(module.supported_hyperparameters()) | prm
        device = torch.device("cpu")
        self.net: Any = module.Net((1, channels, height, width), (data.classes,), values, device)
        self.net.to(device)
        self.net.train_setup(values)
        transforms: list[Callable[[Any], Tensor]] = [to_tensor, Normalize(data.mean, data.std)]
        self.train_loader = DataLoader(
            ImageData(data.train_images, data.train_labels, transforms),
            batch_size=batch_size,
            shuffle=True,
            generator=torch.Generator().manual_seed(seed),
        )
        self.test_loader = DataLoader(
            ImageData(data.test_images, data.test_labels, transforms), batch_size=batch_size
        )

    def epoch(self) -> float:
        """Run the three or five passes and return the accuracy on the test images, in [0, 1]."""
        self.train()
        return self.remaining_passes()

    def remaining_passes(self) -> float:
        """Run the passes after training and return the accuracy on the test images.

        They are four, or two where `learn` told a loss.
        """
        several = isinstance(self._learned, tuple | list) and len(self._learned) >= 2
        loss = self._learned[1] if several else self._learned  # type: ignore[index]
        if loss is None or loss == 0.0:
            self.loss(self.train_loader)
            self.accuracy(self.train_loader)
        self.loss(self.test_loader)
        return self.accuracy(self.test_loader)

    def train(self) -> None:
        """Run the training pass."""
        self.net.train()
        self._learned = self.net.learn(OnePass(self.train_loader))

    def loss(self, batches: Batches) -> float:
        """Return the mean loss, by the program's own criterion, of the batches up to the first that fails."""
        criterion = getattr(self.net, "criterion", None) or getattr(self.net, "loss_fn", None)
        self.net.eval()
        losses: list[float] = []
        with torch.no_grad():
            for inputs, labels in batches:
                try:
                    losses.append((criterion or nn.CrossEntropyLoss())(self.net(inputs), labels).item())
                except Exception:  # noqa: BLE001 - whatever the program's criterion does not take
                    break
        return sum(losses) / max(len(losses), 1)

    def accuracy(self, batches: Batches) -> float:
        """Return the share of `batches` classified rightly."""
        self.net.eval()
        correct, count = 0, 0
        with torch.no_grad():
            for inputs, labels in batches:
                correct += int((self.net(inputs).argmax(dim=1) == labels).sum().item())
                count += len(labels)
        return correct / count


def main() -> None:
    """Judge one program and print its accuracy and seconds as JSON."""
    parser = argparse.ArgumentParser(description="Judge one program on the LEMUR-style reference path.")
    parser.add_argument("program", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a task as ReferenceData.save writes it")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--prm", type=json.loads, default={"lr": 0.01, "momentum": 0.9, "dropout": 0.2})
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = ReferenceData.load(arguments.data)
    started = time.perf_counter()
    source = arguments.program.read_text()
    run = ReferenceRun(source, data, batch_size=arguments.batch_size, prm=arguments.prm, seed=arguments.seed)
    accuracy = run.epoch()
    json.dump({"accuracy": accuracy, "epoch_seconds": time.perf_counter() - started}, sys.stdout)


if __name__ == "__main__":
    main()
