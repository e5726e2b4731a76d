"""Training of a supernet, kept on disk by its content key, and the measurement of one path in it.

The test split is never read. This module does *not* know candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from corpus.files.whole import file_in_the_making
from corpus.records.base import derive_seed
from evaluator.supernet.config import SupernetConfig
from evaluator.supernet.network import EDGES, Supernet
from evaluator.tasks import Examples, Task, load_task

_MEASURED_AT_A_TIME = 512


class TrainedSupernet:
    """A supernet with its weights, and the data of its task.

    Args:
        config: The supernet.
        home: Directory where trained supernets are kept; made where there is none.
    """

    def __init__(self, config: SupernetConfig, home: Path) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(config.seed)
        task = load_task(config.task)
        self._config = config
        self._images, self._labels = _tensors(task.train, task)
        self._val_images, self._val_labels = _tensors(task.val, task)
        self._net = Supernet(config, task.shape)
        path = home / f"supernet-{config.key}.safetensors"
        if path.exists():
            self._net.load_state_dict(load_file(path))
        else:
            self._train()
            home.mkdir(parents=True, exist_ok=True)
            with file_in_the_making(path) as partial:
                save_file(self._net.state_dict(), partial)

    def accuracy(self, cell: Sequence[str]) -> float:
        """Return the validation accuracy of a cell's path with the weights that it inherits.

        The path's batch statistics are taken anew from training images, without a step of learning.
        """
        _forget_statistics(self._net)
        self._net.train()
        with torch.no_grad():
            for images in self._images[: self._config.calibration_images].split(self._config.batch_size):
                self._net(images, cell)
            self._net.eval()
            found = [
                self._net(images, cell).argmax(1)  # (B,)
                for images in self._val_images.split(_MEASURED_AT_A_TIME)
            ]
        return float((torch.cat(found) == self._val_labels).double().mean())

    def _train(self) -> None:
        """Train one path at a time, drawn uniformly for every batch."""
        config, net = self._config, self._net.train()
        draws = np.random.Generator(np.random.PCG64(derive_seed(config.seed, "paths")))
        optimizer = torch.optim.SGD(net.parameters(), lr=config.lr, momentum=config.momentum)
        steps = config.epochs * -(-len(self._labels) // config.batch_size)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / steps)
        loss_of = nn.CrossEntropyLoss()
        for epoch in range(config.epochs):
            order = torch.Generator().manual_seed(derive_seed(config.seed, "shuffle", epoch))
            for batch in torch.randperm(len(self._labels), generator=order).split(config.batch_size):
                cell = [config.operators[op] for op in draws.integers(len(config.operators), size=len(EDGES))]
                optimizer.zero_grad()
                loss_of(net(self._images[batch], cell), self._labels[batch]).backward()
                optimizer.step()
                schedule.step()


def _forget_statistics(net: nn.Module) -> None:
    """Let batch normalisations average what comes next, each batch alike."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None


def _tensors(split: Examples, task: Task) -> tuple[Tensor, Tensor]:
    """Return normalised images `(N, C, H, W)` and their labels `(N,)`."""
    mean, std = (torch.tensor(each).view(1, -1, 1, 1) for each in (task.mean, task.std))  # (1, C, 1, 1)
    return (torch.from_numpy(split.inputs).float() / 255 - mean) / std, torch.from_numpy(split.targets)
