#!/usr/bin/env python
"""Measure how far a task separates kinds of networks: four plain ones, in the sandbox, under the protocol.

    .venv/bin/python scripts/measure_task.py --task texshapes --batch-size 32

A task is worth searching on when one epoch already ranks a linear model, a perceptron, a convolutional
network and the same with batch normalisation far apart. For each it prints the validation accuracy, the
parameters and the processor time.

It does *not* search or rank anything else: `scripts/measure_protocol.py` measures protocols on many programs.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from corpus.records.candidates import Candidate
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator

BODIES = {
    "linear": "nn.Flatten(), nn.Linear(pixels, classes)",
    "MLP": "nn.Flatten(), nn.Linear(pixels, 128), nn.ReLU(), nn.Linear(128, classes)",
    "CNN": "*block(channels, 16), *block(16, 32), *block(32, 64, False), *head",
    "CNN+BN": "*block(channels, 16), *block(16, 32), *block(32, 64, False), *head",
}

PROGRAM = """
import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


def block(inputs, outputs, pool=True):
    layers = [nn.Conv2d(inputs, outputs, 3, padding=1)]
    if NORMALISE:
        layers.append(nn.BatchNorm2d(outputs))
    return [*layers, nn.ReLU(), *([nn.MaxPool2d(2)] if pool else [])]


class Net(nn.Module):
    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):
        super().__init__()
        classes, (channels, height, width) = out_shape[0], in_shape[1:]
        pixels = channels * height * width
        head = [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(256, classes)]
        self.layers = nn.Sequential(BODY)

    def forward(self, x):
        return self.layers(x)

    def train_setup(self, prm):
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        self.train()
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            loss = self.criterion(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
"""


def main() -> None:
    """Read the arguments, judge the four programs, print a line for each."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    config = EvaluatorConfig(
        task=arguments.task,
        data_path=arguments.data_path,
        batch_size=arguments.batch_size,
        seed=arguments.seed,
        workers=arguments.workers,
        cpu_seconds=1800,
        wall_seconds=7200.0,
    )
    with SandboxedEvaluator(config) as evaluator:
        if not arguments.json:
            print(f"{evaluator.task.description}; {evaluator.protocol_id}")
            print("network   accuracy   parameters   CPU s   status")
        for result in evaluator.evaluate(_candidate(index, name) for index, name in enumerate(BODIES)):
            if arguments.json:
                print(json.dumps(result.model_dump(mode="json")), flush=True)
                continue
            accuracy = "-" if result.accuracy is None else f"{result.accuracy:.3f}"
            print(
                f"{result.candidate_id:<9} {accuracy:>8}   {result.parameters or 0:>10,}   "
                f"{result.cpu_seconds or 0:>5.0f}   {result.status} {result.error or ''}",
                flush=True,
            )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how far a task separates kinds of networks.")
    parser.add_argument("--task", default="texshapes")
    parser.add_argument("--data-path", type=Path, help="files of a task that needs some")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=EvaluatorConfig().workers)
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    return parser.parse_args()


def _candidate(index: int, name: str) -> Candidate:
    source = PROGRAM.replace("NORMALISE", str(name.endswith("BN"))).replace("BODY", BODIES[name])
    return Candidate.imported(name, source, generator="measure_task", index=index)


if __name__ == "__main__":
    main()
