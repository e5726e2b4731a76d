"""Shared weights over the alternatives of slots: what the script learns, and what of its words is read."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import random
from typing import Any

import numpy as np
import pytest

from corpus.records.search.transcripts import MAX_OUTPUT_CHARACTERS, ScriptEnding, Transcript
from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from generator.slots.contract import MAX_ALTERNATIVES, MAX_SLOTS, Alternative, Slot, Slotted
from generator.slots.cutting import cut
from generator.slots.sharing import NothingLearnt, likely, logits_in, sharing_script
from generator.spaces.trees import TreeSpace

PRM = {"lr": 0.05, "momentum": 0.9, "batch": 16, "epoch": 1, "epoch_max": 1}
SIDE = 6
TASK = TaskShape(channels=1, height=SIDE, width=SIDE, classes=2)
SCAFFOLD = """\
import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):
        super().__init__()
        self.device = device
        self.part = SLOT_part()
        self.head = nn.Linear(36, out_shape[0])

    def forward(self, x):
        return self.head(self.part(x).flatten(1))

    def train_setup(self, prm):
        self.to(self.device)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        self.train()
        for inputs, targets in train_data:
            self.optimizer.zero_grad()
            self.criterion(self(inputs), targets).backward()
            self.optimizer.step()
"""
PART = """\
import torch
import torch.nn as nn


class SLOT_part(nn.Module):
    def forward(self, x):
        return {}
"""


def one_slot(good: int) -> Slotted:
    """Return a network of one slot: the alternative `good` lets the image pass, the others give noise."""
    texts = [PART.format("x" if each == good else "torch.randn_like(x)") for each in range(4)]
    alternatives = [
        Alternative(name=f"a{each}", origin="model" if each else "seed", text=f"{text}\n# {each}\n")
        for each, text in enumerate(texts)
    ]
    shape = (1, SIDE, SIDE)
    slot = Slot(name="part", entering=shape, leaving=shape, alternatives=tuple(alternatives))
    return Slotted(scaffold=SCAFFOLD, slots=(slot,))


def split(shape: TaskShape, count: int) -> dict[str, Any]:
    """Return images of which the class is whether they are bright on the left; of other kinds any targets."""
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 100, (count, *shape.input_shape), dtype=np.uint8)
    if shape.plain:
        targets = rng.integers(0, 2, count)
        inputs[targets == 1, :, :, : SIDE // 2] += 100
    elif shape.kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION):
        targets = rng.integers(0, shape.classes, (count, *shape.target_shape))
    else:
        targets = rng.integers(0, 2, (count, *shape.target_shape)).astype(np.float32)
    if shape.signal:
        inputs = inputs.astype(np.float32)
    return {"train_images": inputs, "train_labels": targets, "hyperparameters": dict(PRM)}


def run(script: str, given: dict[str, Any]) -> Transcript:
    """Return what the sandbox would say of a script."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(script, "<script>", "exec"), {"__name__": "__main__", **given})
    return Transcript(ending=ScriptEnding.FINISHED, output=printed.getvalue())


@pytest.mark.parametrize("good", range(4))
def test_the_alternative_that_helps_is_found(good: int) -> None:
    slotted = one_slot(good)
    script = sharing_script(slotted, TASK, epochs=4, seed=good)
    first, again = (run(script, split(TASK, 400)) for _ in range(2))
    assert first == again
    (row,) = logits_in(first, slotted)
    others = sorted(row, reverse=True)
    assert row.index(max(row)) == good and others[0] - others[1] > 0.2


def test_no_alternative_stands_out_where_none_helps() -> None:
    slotted = one_slot(good=9)
    (row,) = logits_in(run(sharing_script(slotted, TASK, epochs=4, seed=0), split(TASK, 400)), slotted)
    assert max(row) - min(row) < 1.0


KINDS = [
    TaskShape(channels=1, height=8, width=8, classes=3, kind=TaskKind.MULTI_LABEL),
    TaskShape(channels=1, height=8, width=8, classes=3, kind=TaskKind.SEGMENTATION),
    TaskShape(channels=1, height=8, width=8, classes=1, kind=TaskKind.REGRESSION),
    TaskShape(channels=2, height=1, width=64, classes=4, signal=True),
    TaskShape(channels=1, height=1, width=64, classes=2, kind=TaskKind.SEGMENTATION, signal=True),
]


@pytest.mark.parametrize("task", KINDS, ids=str)
def test_a_network_of_pictures_learns_every_kind_with_the_loss_of_the_kind(task: TaskShape) -> None:
    space = TreeSpace(task.picture, max_parameters=50_000)
    seed = space.decode("conv(4) relu | conv(4) relu | mean classifier")
    assert seed is not None
    slotted = cut(seed, task.picture, space.library, random.Random(0), alternatives=3)
    script = sharing_script(slotted, task, epochs=2, seed=1)
    assert f"nn.{task.kind.loss}()" in script
    logits = logits_in(run(script, split(task, 64)), slotted)
    assert [len(row) for row in logits] == [3, 3]
    assert all(any(abs(each) >= 0.01 for each in row) for row in logits), "they move"


def test_logits_move_also_where_a_normalisation_hides_the_scale_of_what_an_alternative_gives() -> None:
    space = TreeSpace(TASK, max_parameters=50_000)
    seed = space.decode("conv(4) batch_norm relu | conv(4) batch_norm relu | mean classifier")
    assert seed is not None
    slotted = cut(seed, TASK, space.library, random.Random(0), alternatives=3)
    first, _ = logits_in(run(sharing_script(slotted, TASK, epochs=2, seed=1), split(TASK, 400)), slotted)
    assert max(first) - min(first) > 0.1


def test_choices_come_by_their_sum_of_logits() -> None:
    rng = random.Random(3)
    logits = [[rng.gauss(0, 1) for _ in range(size)] for size in (3, 1, 4, 2)]
    found = list(likely(logits))
    every = list(itertools.product(*(range(len(row)) for row in logits)))
    assert sorted(found) == every
    sums = [sum(row[each] for row, each in zip(logits, choice, strict=True)) for choice in found]
    assert sums == sorted(sums, reverse=True)
    assert next(likely([[0.0] * 8] * 40)) == (0,) * 40


def test_what_is_no_logits_is_not_read() -> None:
    slotted = one_slot(0)
    said = run(sharing_script(slotted, TASK, epochs=1, seed=0), split(TASK, 64)).output
    mark = said[: said.index("[")]
    assert logits_in(Transcript(ending=ScriptEnding.FINISHED, output=f"noise\n{said}"), slotted)
    wrong = {
        "ended before": ["", "[[0, 0, 0, 0]]", f"{said}and more", "logits 0: [[0, 0, 0, 0]]"],
        "is no logits": [f"{mark}{each}" for each in ("", "[", "{}", "[[0, NaN, 0, 0]]", "[[1e9, 0, 0, 0]]")],
        "other slots": [f"{mark}{json.dumps(each)}" for each in ([], [[0] * 3], [[0] * 4] * 2)],
    }
    for words, outputs in wrong.items():
        for output in outputs:
            with pytest.raises(NothingLearnt, match=words):
                logits_in(Transcript(ending=ScriptEnding.FINISHED, output=output), slotted)
    late = Transcript(ending=ScriptEnding.LIMIT_EXCEEDED, output=said, error="20 s of processor time")
    with pytest.raises(NothingLearnt, match="20 s of processor time"):
        logits_in(late, slotted)


def test_the_longest_logits_fit_into_a_transcript() -> None:
    said = run(sharing_script(one_slot(0), TASK, epochs=1, seed=0), split(TASK, 64)).output
    mark, rows = said[: said.index("[")], [[-12.34] * MAX_ALTERNATIVES] * MAX_SLOTS
    assert " " not in said.removeprefix(mark)
    assert len(mark + json.dumps(rows, separators=(",", ":"))) < MAX_OUTPUT_CHARACTERS
