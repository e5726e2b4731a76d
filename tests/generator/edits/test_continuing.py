"""Where programs are cut: within the layers of `Net`, and before what is to be blamed for a failure."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from generator.edits.continuing import sound_beginning, varied_beginning
from generator.edits.faults import Fault
from generator.grammar.program import sample_derivation
from tests.generator.strategies.benches import REQUEST

PROGRAM = """\
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.lin = nn.Linear(width, width)

    def forward(self, x):
        return x + self.lin(x)


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device

        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3),
        )
        self.head: nn.Module = nn.Linear(8, 10)

    def forward(self, x):
        x = self.body(x).mean((2, 3))
        return self.head(x)

    def learn(self, train_data):
        pass
"""
LINES = PROGRAM.split("\n")
LAYERS = [15, 17, 18, 19, 20]


def fault(line: int | None) -> Fault:
    """Return a failure that names a line, counted from 0."""
    message = "no line" if line is None else f"line {line + 1}: shapes do not fit"
    return Fault("SHAPE_ERROR", "forward", "RuntimeError", message)


def kept(beginning: str | None) -> int:
    """Return how many lines of the program a beginning holds."""
    assert beginning is not None and PROGRAM.startswith(f"{beginning}\n")
    return beginning.count("\n") + 1


def kept_of(program: str) -> int:
    """Return how many lines of a program are kept where all of its layers are to blame."""
    beginning = sound_beginning(program, fault(None))
    assert beginning is not None
    return beginning.count("\n") + 1


def test_a_variation_keeps_a_program_up_to_any_line_of_its_layers() -> None:
    counts = Counter(kept(varied_beginning(PROGRAM, random.Random(seed))) for seed in range(500))
    assert sorted(counts) == LAYERS and min(counts.values()) > 60


@pytest.mark.parametrize("seed", range(60))
def test_every_program_of_the_grammar_can_be_cut(seed: int) -> None:
    program = sample_derivation(random.Random(seed), REQUEST.shape).program.source
    beginning = varied_beginning(program, random.Random(seed))
    assert beginning is not None and program.startswith(f"{beginning}\n")
    net = beginning[beginning.index("class Net(") :]
    assert "super().__init__()" in net and "def forward" not in net


@pytest.mark.parametrize(
    ("failing", "blamed"),
    [
        (24, 20),  # `self.head(x)`: what sets `self.head`
        (23, 17),  # `self.body(x)`
        (9, 6),  # in a helper: what it sets itself
        (20, 20),  # a layer that cannot be built
        (18, 18),
        (22, 15),  # a line that calls nothing: all layers
        (None, 15),
    ],
)
def test_a_repair_keeps_what_stands_before_the_layer_that_fails(failing: int | None, blamed: int) -> None:
    assert kept(sound_beginning(PROGRAM, fault(failing))) == blamed
    assert kept(sound_beginning(PROGRAM, fault(failing), again=True)) == LAYERS[0]


@pytest.mark.parametrize(
    "program", ["", "x = 1\n", "class Net(nn.Module):\n    pass\n", PROGRAM[: PROGRAM.index("class Net")]]
)
def test_what_has_no_layers_cannot_be_cut(program: str) -> None:
    assert varied_beginning(program, random.Random(0)) is None
    assert sound_beginning(program, fault(0)) is None


def test_a_base_class_may_be_called_by_its_name() -> None:
    named = PROGRAM.replace(
        "super().__init__()\n        self.device", "nn.Module.__init__(self)\n        self.device"
    )
    assert named != PROGRAM and kept_of(named) == LAYERS[0]


def test_a_long_line_of_calls_takes_no_longer_than_it_is() -> None:
    """Each name is not looked for in each line: a second of the one is an hour of the other."""
    many = range(20_000)
    layers = "".join(f"        self.a{number} = 1\n" for number in many)
    called = "+".join(f"self.b{number}" for number in many)
    head = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    program = f"{head}{layers}    def forward(self, x):\n        return {called}\n"
    assert sound_beginning(program, fault(len(many) + 4)) == head.rstrip("\n")


def test_a_program_that_is_no_python_can_be_cut() -> None:
    broken = PROGRAM.replace("nn.Linear(8, 10)", "nn.Linear(8, 10")
    beginning = sound_beginning(broken, Fault("SYNTAX_ERROR", "lint", "SyntaxError", "line 21: never closed"))
    assert beginning == "\n".join(LINES[:20])
