#!/usr/bin/env python
"""Measure whether honest baselines land where a plain PyTorch script lands, on a task of every kind.

    .venv/bin/python scripts/measure_kinds.py
    .venv/bin/python scripts/measure_kinds.py --tasks darcy --seeds 3 --epochs 5

A linear model and a small convolutional network are judged in the sandbox, and the same networks are trained
here by a loop of this script's own, which shares nothing with the evaluator but the task's arrays: its own
normalisation, order, losses and optimiser, and metrics by scikit-learn and NumPy. Epochs, batch size,
learning rate and momentum are equal; initial weights and the order of the batches are not, since each side
seeds its own. For each network it prints the mean score of both over the seeds, their standard deviations,
and the ratio of the means. A score is the task's metric on the validation split, of the relative L2 error 1
less the error.

It does *not* read the test split, and it does not search.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from statistics import fmean, stdev

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, confusion_matrix
from torch import Tensor, nn

from corpus.records.candidates import Candidate
from corpus.records.tasks.kinds import TaskKind
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import Examples, Task, load_task

TASKS = ("shapes-labels", "shapes-masks", "darcy", "waves", "motifs")

BODIES = {
    "linear": {
        False: "nn.Flatten(), nn.Linear(math.prod(in_shape[1:]), outputs)",
        True: "conv(channels, outputs, 9, padding=4)",
    },
    "CNN": {
        False: """*block(channels, 16), pool(2), *block(16, 32), pool(2), *block(32, 64), average(2),
            nn.Flatten(), nn.Linear(64 * 2 ** rank, outputs)""",
        True: """*block(channels, 24), *block(24, 24, 2), *block(24, 24, 4), *block(24, 24, 8),
            conv(24, outputs, 1)""",
    },
}
"""Layers by the network's name, and by whether there is an answer for every position."""

PROGRAM = """
import math

import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):
        super().__init__()
        rank, channels, outputs = len(in_shape) - 2, in_shape[1], out_shape[0]
        conv, norm, pool, average = (
            (nn.Conv1d, nn.BatchNorm1d, nn.MaxPool1d, nn.AdaptiveAvgPool1d)
            if rank == 1
            else (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.AdaptiveAvgPool2d)
        )

        def block(before, after, reach=1):
            return conv(before, after, 3, padding=reach, dilation=reach), norm(after), nn.ReLU()

        self.layers = nn.Sequential(
            BODY,
        )

    def forward(self, x):
        return self.layers(x)

    def train_setup(self, prm):
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        self.train()
        for inputs, targets in train_data:
            self.optimizer.zero_grad()
            loss = train_data.criterion(self(inputs), targets)
            loss.backward()
            self.optimizer.step()
"""


def main() -> None:
    """Read the arguments, measure every network on every task, print a line for each."""
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    torch.set_num_threads(1)
    if not arguments.json:
        print(f"{arguments.epochs} epochs, {arguments.seeds} seeds; score: mean (standard deviation)")
        print("task            network   sandbox           plain PyTorch     ratio")
    for name in arguments.tasks:
        task = load_task(name)
        for network, bodies in BODIES.items():
            source = PROGRAM.replace("BODY", bodies[task.shape.kind.dense])
            judged = [_judged(source, task, seed, arguments) for seed in range(arguments.seeds)]
            plain = [_plain(source, task, seed, arguments) for seed in range(arguments.seeds)]
            ratio = fmean(judged) / fmean(plain) if fmean(plain) else float("nan")
            row = {"task": name, "network": network, "sandbox": judged, "plain": plain, "ratio": ratio}
            if arguments.json:
                print(json.dumps(row), flush=True)
            else:
                print(
                    f"{name:<15} {network:<9} {_words(judged):<17} {_words(plain):<17} {ratio:.3f}",
                    flush=True,
                )


def _judged(source: str, task: Task, seed: int, arguments: argparse.Namespace) -> float:
    """Return the score that the sandbox gives a program.

    Raises:
        RuntimeError: It has none.
    """
    config = EvaluatorConfig(
        task=task.spec.name,
        seed=seed,
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        lr=arguments.lr,
        momentum=arguments.momentum,
        workers=1,
        cpu_seconds=1800,
        wall_seconds=7200.0,
    )
    program = Candidate.imported("baseline", source, generator="measure_kinds")
    with SandboxedEvaluator(config, task=task) as evaluator:
        (result,) = evaluator.evaluate([program])
    if result.accuracy is None:
        raise RuntimeError(f"{task.spec.name}: {result.status} {result.error}")
    return result.accuracy


def _plain(source: str, task: Task, seed: int, arguments: argparse.Namespace) -> float:
    """Return the score of the same network after a training loop of this script's own."""
    torch.manual_seed(seed)
    scope: dict[str, type[nn.Module]] = {}
    exec(compile(source, "program", "exec"), scope)
    kind = task.shape.kind
    train, held_out = _floats(task.train.inputs), _floats(task.val.inputs)
    axes = (0, *range(2, train.ndim))
    mean, std = train.mean(axes, keepdims=True), train.std(axes, keepdims=True)
    inputs, questions = (torch.from_numpy((each - mean) / std) for each in (train, held_out))
    targets = torch.from_numpy(task.train.targets.copy())
    level, spread = torch.zeros(1), torch.ones(1)
    if kind is TaskKind.REGRESSION:
        level, spread = targets.mean(axes, keepdim=True), targets.std(axes, keepdim=True)
        targets = (targets - level) / spread
    net = scope["Net"]((1, *inputs.shape[1:]), task.shape.output_shape, {}, torch.device("cpu"))
    optimizer = torch.optim.SGD(net.parameters(), lr=arguments.lr, momentum=arguments.momentum)
    losses = {TaskKind.MULTI_LABEL: nn.BCEWithLogitsLoss(), TaskKind.REGRESSION: nn.MSELoss()}
    loss_of = losses.get(kind, nn.CrossEntropyLoss())
    net.train()
    for _ in range(arguments.epochs):
        for batch in torch.randperm(len(inputs)).split(arguments.batch_size):
            optimizer.zero_grad()
            loss_of(net(inputs[batch]), targets[batch]).backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():
        answers: Tensor = torch.cat([net(batch) for batch in questions.split(256)])
    return score(kind, (answers * spread + level).numpy(), task.val)


def _floats(inputs: NDArray[np.generic]) -> NDArray[np.float32]:
    floats: NDArray[np.float32] = inputs.astype(np.float32)
    return floats / 255 if inputs.dtype == np.uint8 else floats


def score(kind: TaskKind, answers: NDArray[np.float32], split: Examples) -> float:
    """Return the score of answers, computed by other means than the evaluator's.

    Args:
        kind: What is asked.
        answers: Scores or numbers, `(N, K, ...)`.
        split: Inputs and targets.
    """
    truth = split.targets
    if kind is TaskKind.SINGLE_LABEL:
        return float((answers.argmax(1) == truth).mean())
    if kind is TaskKind.MULTI_LABEL:
        held = truth.sum(axis=0) > 0
        return float(average_precision_score(truth[:, held], answers[:, held], average="macro"))
    if kind is TaskKind.SEGMENTATION:
        counts = confusion_matrix(truth.ravel(), answers.argmax(1).ravel())
        both, either = counts.diagonal(), counts.sum(0) + counts.sum(1) - counts.diagonal()
        return float((both[either > 0] / either[either > 0]).mean())
    flat, wanted = answers.reshape(len(answers), -1), truth.reshape(len(truth), -1)
    errors = np.linalg.norm(flat - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
    return max(0.0, 1.0 - float(errors.mean()))


def _words(scores: list[float]) -> str:
    return f"{fmean(scores):.3f} ({stdev(scores) if len(scores) > 1 else 0.0:.3f})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure baselines beside a plain PyTorch script.")
    parser.add_argument("--tasks", nargs="+", default=TASKS, help="tasks of any kind")
    parser.add_argument("--seeds", type=int, default=3, help="seeds, from 0")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
