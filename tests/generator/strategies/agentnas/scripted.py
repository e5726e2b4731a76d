"""A bench whose model says what a test scripted for each role, and whose sandbox is this process."""

from __future__ import annotations

import contextlib
import functools
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.prompts import Message
from corpus.records.search.calls import Answer, AnswerPath
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import ScriptEnding, Transcript
from generator.strategies.contract import Answered
from tests.generator.strategies.benches import REQUEST, PlainBench

PRM = {"lr": 0.01, "momentum": 0.9, "epoch_max": 1}

Line = str | dict[str, Any] | None
"""What a model answers: a text, a document, or nothing that can be used."""

Lines = Mapping[str, Sequence[Line] | Callable[[Sequence[Message]], Line]]
"""By role, answers in order (the last one for ever) or a function of the chat."""


class ScriptedBench(PlainBench):
    """A bench with a scripted model; a role that is not scripted answers nothing usable.

    Attributes:
        chats: All chats in order, with the roles that asked.
        probed: How many programs each role had probed.
        scripts: The scripts that were run, with the roles.
    """

    def __init__(self, lines: Lines, *, model: str | None = "scripted", **more: Any) -> None:
        super().__init__(**more)
        self._model = model
        self._lines, self._said = lines, Counter[str]()
        self.chats: list[tuple[str, tuple[Message, ...]]] = []
        self.probed, self.scripts = Counter[str](), list[tuple[str, str]]()

    @property
    def again(self) -> Counter[str]:
        """How many questions of each role were asked again."""
        found = Counter(role for role, _ in self.chats)
        return Counter({role: count for role, count in found.items() if role.endswith(", again")})

    def last(self, role: str) -> list[str]:
        """Return the last message of each question of a role."""
        return [chat[-1].content for each, chat in self.chats if each.removesuffix(", again") == role]

    def _answer(self, role: str, messages: Sequence[Message]) -> Answered:
        self.chats.append((role, tuple(messages)))
        name = role.removesuffix(", again")
        lines = self._lines.get(name, [None])
        line = lines(messages) if callable(lines) else lines[min(self._said[name], len(lines) - 1)]
        self._said[name] += 1
        path = AnswerPath.RULE if line is None else AnswerPath.FREE
        answer = Answer(value=line, path=path, model=self._model)
        return Answered(f"k{len(self.chats) - 1:06d}", answer)

    def probe(self, role: str, sources: Sequence[str]) -> list[Probe]:
        self.probed[role] += len(sources)
        return [built(source) for source in sources]

    def execute(self, role: str, code: str) -> Transcript:
        self.scripts.append((role, code))
        return run(code)


@functools.cache
def built(source: str) -> Probe:
    """Return what the sandbox would say of a program; those that rules write pass unseen."""
    names: dict[str, Any] = {}
    shape = REQUEST.shape
    if "class Architecture" not in source:
        return Probe(failure=None, stage=Stage.DONE, parameters=1, output_shape=shape.output_shape)
    try:
        exec(compile(source, "<program>", "exec"), names)
        net = names["Net"]((1, *shape.input_shape), shape.output_shape, PRM, torch.device("cpu"))
        answer = net(torch.zeros(2, *shape.input_shape))
        assert answer.shape == (2, *shape.output_shape), f"shape {tuple(answer.shape)}"
    except Exception as error:  # noqa: BLE001 - the program's boundary
        kind, text = type(error).__name__, str(error)[:300]
        failure = EvaluationStatus.SHAPE_ERROR
        return Probe(failure=failure, stage=Stage.FORWARD, error_type=kind, error=text)
    count = sum(each.numel() for each in net.parameters())
    return Probe(failure=None, stage=Stage.DONE, parameters=count, output_shape=shape.output_shape)


@functools.cache
def run(script: str) -> Transcript:
    """Return what the sandbox would say of a script."""
    printed = io.StringIO()
    names = {
        "__name__": "__main__",
        "train_images": np.zeros((4, *REQUEST.shape.input_shape), np.uint8),
        "train_labels": np.arange(4),
        "hyperparameters": {**PRM, "batch": 2},
    }
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(script, "<script>", "exec"), names)
        except Exception as error:  # noqa: BLE001 - the script's boundary
            kind, text = type(error).__name__, str(error)[:300]
            return Transcript(
                ending=ScriptEnding.RAISED, output=printed.getvalue()[:5000], error_type=kind, error=text
            )
    return Transcript(ending=ScriptEnding.FINISHED, output=printed.getvalue()[:5000])


def architecture(width: int, *, activation: str = "relu", extra: str = "") -> str:
    """Return a network that no tree is: its forward pass calls functions in a loop over a weight."""
    return f"""\
import torch
import torch.nn as nn
import torch.nn.functional as F


class Architecture(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, {width}, 3, padding=1)
        self.body = nn.Conv2d({width}, {width}, 3, padding=1)
        self.scale = nn.Parameter(torch.ones({width}, 1, 1))
        self.head = nn.Linear({width}, 10)

    def forward(self, x):
        x = F.{activation}(self.stem(x))
        x = F.{activation}(self.body(x)) * self.scale
        return self.head(x.mean((2, 3))){extra}
"""


def fenced(code: str, config: str = '{"optimizer": "adam", "lr": 0.005}') -> str:
    """Return what a Code Executor answers."""
    return f"Here it is.\n```python\n{code}```\n```json\n{config}\n```\n"


def experiment(*descriptions: str, first: int = 1) -> str:
    """Return a Planner's proposal of architectures."""
    archs = "".join(
        f'<ARCH id="arch_{number:03d}">\n<DESCRIPTION>{words}</DESCRIPTION>\n<REASONING>why</REASONING>\n'
        "<TRAINING_RECIPE>adam, lr 0.005</TRAINING_RECIPE>\n</ARCH>\n"
        for number, words in enumerate(descriptions, first)
    )
    return f"I propose this.\n<EXPERIMENT>\n{archs}</EXPERIMENT>"


SUMMARY = "<SUMMARY>wider is better</SUMMARY>"
MODULAR = """\
import torch
import torch.nn as nn
import torch.nn.functional as F


class Stage(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)

    def forward(self, x):
        return F.relu(self.body(x))


class Architecture(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, WIDTH, 3, padding=1)
        self.stage = Stage()
        self.scale = nn.Parameter(torch.ones(WIDTH, 1, 1))
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, x):
        x = self.stage(F.relu(self.stem(x))) * self.scale
        return self.head(x.mean((2, 3)))
"""
SCAFFOLD = """\
import torch
import torch.nn as nn
import torch.nn.functional as F


class Architecture(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.stage = SLOT_stage()
        self.glue = SLOT_glue()
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.merge = SLOT_merge()
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        first = F.relu(self.stem(x))
        x = self.glue(self.stage(first) * self.scale)
        x = self.merge(x, first)
        return self.head(x.mean((2, 3)))
"""


def slot(name: str, seed: str, *alternatives: str, **more: Any) -> dict[str, Any]:
    """Return a slot of a Slot Planner's document."""
    axes = [8, 12, 12]
    return {
        "name": name, "input_shape": axes, "output_shape": axes, "interface": "single", "description": "",
        "seed_description": seed, "alternatives": list(alternatives), **more,
    }  # fmt: skip


def plan(scaffold: str = SCAFFOLD) -> dict[str, Any]:
    """Return a Slot Planner's document."""
    return {
        "scaffold_code": scaffold,
        "slots": [
            slot("stage", "conv3x3 with relu", "Identity", "conv5x5", "depthwise", "broken", "wrong shape"),
            slot("glue", "Identity (nothing there)", "gelu", "batch norm"),
            slot("merge", "returns x", "sum", "Zero", interface="dual", residual_shape=[8, 12, 12]),
        ],
    }


_LAYERS = {
    "conv3x3 with relu": ("nn.Conv2d(8, 8, 3, padding=1)", "torch.relu(self.layer(x))"),
    "conv5x5": ("nn.Conv2d(8, 8, 5, padding=2)", "torch.relu(self.layer(x))"),
    "depthwise": ("nn.Conv2d(8, 8, 3, padding=1, groups=8)", "self.layer(x)"),
    "broken": ("nn.Conv2d(9, 8, 3)", "self.layer(x)"),
    "wrong shape": ("nn.Conv2d(8, 8, 3)", "self.layer(x)"),
    "gelu": ("nn.GELU()", "self.layer(x)"),
    "batch norm": ("nn.BatchNorm2d(8)", "self.layer(x)"),
    "returns x": ("nn.Identity()", "x"),
    "sum": ("nn.Identity()", "x + residual"),
}


def slot_class(chat: Sequence[Message]) -> str:
    """Return the class that a question for one asks for."""
    asked = next(each.content for each in chat if each.content.startswith("Implement `"))
    name = asked.split("`")[1]
    layer, back = _LAYERS[asked.partition(" for: ")[2]]
    given = "x, residual" if name == "SLOT_merge" else "x"
    code = (
        f"import torch\nimport torch.nn as nn\n\n\nclass {name}(nn.Module):\n    def __init__(self):\n"
        f"        super().__init__()\n        self.layer = {layer}\n\n"
        f"    def forward(self, {given}):\n        return {back}\n"
    )
    return f"```python\n{code}```"
