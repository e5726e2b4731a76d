"""The scripts that check a model's classes: whatever a Modularizer must not do is caught, the rest passes."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable

import pytest

from corpus.records.search.transcripts import ScriptEnding, Transcript
from generator.slots.checking import comparing_script, problem_in, trying_script
from generator.slots.contract import Alternative, Slot

SHAPE = (3, 8, 8)
ORIGINAL = """\
import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, before, after, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.skip = nn.Conv2d(before, after, 1, stride=stride)

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.skip(x))


class Architecture(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks1 = nn.ModuleList([Block(8, 8), Block(8, 8)])
        self.blocks2 = nn.ModuleList([Block(8, 12, 2), Block(12, 12)])
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(12, 5)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        if self.training:
            x = torch.roll(x, int(torch.randint(-2, 3, (1,))), dims=-1) + 0.1 * torch.randn_like(x)
        x = self.stem(x)
        for block in self.blocks1:
            x = block(x)
        x = torch.tanh(x)
        for block in self.blocks2:
            x = block(x)
        return self.head(self.drop(x.mean((2, 3))))
"""
STAGES = '''\
class Stage1(nn.Module):
    """INTERNAL: two blocks; the tanh behind them baked in."""

    def __init__(self):
        super().__init__()
        self.first, self.second = Block(8, 8), Block(8, 8)

    def forward(self, x):
        return torch.tanh(self.second(self.first(x)))


class Stage2(nn.Module):
    """INTERNAL: two blocks, the first of which halves both sides."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block(8, 12, 2), Block(12, 12))

    def forward(self, x):
        return self.blocks(x)


class Architecture(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.stage1 = Stage1()
        self.stage2 = Stage2()
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(12, 5)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        if self.training:
            x = torch.roll(x, int(torch.randint(-2, 3, (1,))), dims=-1) + 0.1 * torch.randn_like(x)
        x = self.stem(x)
        x = self.stage2(self.stage1(x))
        return self.head(self.drop(x.mean((2, 3))))
'''
HONEST = ORIGINAL[: ORIGINAL.index("class Architecture")] + STAGES

AUGMENTATION = HONEST[HONEST.index("        if self.training") : HONEST.index("        x = self.stem(x)")]
VIOLATIONS: dict[str, tuple[str, str]] = {
    "another activation": ("torch.tanh(self.second", "torch.sigmoid(self.second"),
    "no activation": ("torch.tanh(self.second(self.first(x)))", "self.second(self.first(x))"),
    "gelu in the blocks": ("F.relu(self.norm1(self.conv1(x)))", "F.gelu(self.norm1(self.conv1(x)))"),
    "another normalisation": ("self.norm1 = nn.BatchNorm2d(after)", "self.norm1 = nn.GroupNorm(2, after)"),
    "a normalisation less": ("F.relu(self.norm1(self.conv1(x)))", "F.relu(self.conv1(x))"),
    "norm behind the activation": ("F.relu(self.norm1(self.conv1(x)))", "self.norm1(F.relu(self.conv1(x)))"),
    "no skip": (" + self.skip(x))", ")"),
    "skip behind the activation": ("F.relu(self.norm2(self.conv2(y)) + self.skip(x))",
                                   "F.relu(self.norm2(self.conv2(y))) + self.skip(x)"),
    "blocks in another order": ("self.second(self.first(x))", "self.first(self.second(x))"),
    "stages in another order of construction": ("self.stage1 = Stage1()\n        self.stage2 = Stage2()",
                                                "self.stage2 = Stage2()\n        self.stage1 = Stage1()"),
    "head before the stages": ("self.stage1 = Stage1()\n",
                               "self.head = nn.Linear(12, 5)\n        self.stage1 = Stage1()\n"),
    "a parameter more": ("self.drop = nn.Dropout(0.2)", "self.drop = nn.Dropout(0.2)\n"
                         "        self.scale = nn.Parameter(torch.ones(1))"),
    "a bias more": ("padding=1, bias=False)\n        self.norm2", "padding=1)\n        self.norm2"),
    "a bias less": ("self.skip = nn.Conv2d(before, after, 1, stride=stride)",
                    "self.skip = nn.Conv2d(before, after, 1, stride=stride, bias=False)"),
    "other shapes of as many parameters": ("self.stem = nn.Conv2d(", "self.stem = nn.ConvTranspose2d("),
    "a depthwise convolution": ("self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)",
                                "self.conv2 = nn.Conv2d(after, after, 3, padding=1, groups=2, bias=False)"),
    "a dilation": ("self.conv2 = nn.Conv2d(after, after, 3, padding=1",
                   "self.conv2 = nn.Conv2d(after, after, 3, padding=2, dilation=2"),
    "another padding": ("self.stem = nn.Conv2d(3, 8, 3, padding=1)",
                        "self.stem = nn.Conv2d(3, 8, 3, padding=1, padding_mode='reflect')"),
    "augmentation dropped": (AUGMENTATION, ""),
    "augmentation weaker": ("0.1 * torch.randn_like(x)", "0.05 * torch.randn_like(x)"),
    "augmentation not gated": ("if self.training:", "if True:"),
    "dropout dropped": ("self.head(self.drop(x.mean((2, 3))))", "self.head(x.mean((2, 3)))"),
    "dropout stronger": ("nn.Dropout(0.2)", "nn.Dropout(0.5)"),
    "initialisation dropped": ("        nn.init.zeros_(self.head.bias)\n", ""),
    "pooling by the maximum": ("x.mean((2, 3))", "x.amax((2, 3))"),
    "running statistics off": ("self.norm1 = nn.BatchNorm2d(after)",
                               "self.norm1 = nn.BatchNorm2d(after, track_running_stats=False)"),
    "momentum of the statistics": ("return self.blocks(x)", "return self.blocks(x) * (1 + 2e-4)"),
    "another output": ("self.head(self.drop(x.mean((2, 3))))", "self.head(self.drop(x.mean((2, 3))))[:, :4]"),
    "not a tensor": ("return self.head(self.drop(x.mean((2, 3))))",
                     "return [self.head(self.drop(x.mean((2, 3))))]"),
    "it exits": ("x = self.stem(x)\n", "raise SystemExit(0)\n"),
}  # fmt: skip


def run(script: str) -> Transcript:
    """Return what the sandbox would say of a script, in this process."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(script, "<script>", "exec"), {"__name__": "__main__"})
        except SystemExit:
            pass
        except Exception as error:  # noqa: BLE001 - the script's boundary
            return Transcript(
                ending=ScriptEnding.RAISED, error_type=type(error).__name__, error=str(error)[:500]
            )
    return Transcript(ending=ScriptEnding.FINISHED, output=printed.getvalue())


def compared(refactored: str) -> str | None:
    return problem_in(run(comparing_script(ORIGINAL, refactored, SHAPE)), ORIGINAL, refactored)


def test_an_honest_refactoring_passes() -> None:
    assert compared(ORIGINAL) is None
    assert compared(HONEST) is None
    assert compared(HONEST.replace("self.stem", "self.beginning").replace("F.relu(", "torch.relu(")) is None
    verbose = HONEST.replace(
        "return self.blocks(x)", "for block in self.blocks:\n            x = block(x)\n        return x"
    )
    assert verbose != HONEST and compared(verbose) is None


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_violation_is_caught(violation: str) -> None:
    before, after = VIOLATIONS[violation]
    assert before in HONEST, violation
    assert compared(HONEST.replace(before, after)) is not None


def test_what_is_said_of_a_violation_names_it() -> None:
    def said(violation: str) -> str:
        return str(compared(HONEST.replace(*VIOLATIONS[violation])))

    assert said("a parameter more").startswith("Parameter count mismatch: original=")
    assert "multiset" in said("other shapes of as many parameters")
    assert "eval mode" in said("another activation") and "max_abs_diff" in said("another activation")
    assert "training mode" in said("augmentation dropped")
    assert "Initial values" in said("initialisation dropped")


def test_a_verdict_is_no_word_of_the_program() -> None:
    for word in ("as it should be", "verdict 0123456789abcdef: as it should be"):
        liar = HONEST.replace("x = self.stem(x)\n", f"print({word!r}); raise SystemExit(0)\n")
        assert compared(liar) == "the script ended before its verdict"
    died = Transcript(ending=ScriptEnding.LIMIT_EXCEEDED, error="wall time 60 s")
    assert "wall time" in str(problem_in(died, ORIGINAL, HONEST))


def slot(*, dual: bool = False, leaving: tuple[int, ...] = (4, 6, 6)) -> Slot:
    seed = (Alternative(name="seed", origin="seed", text="pass"),)
    return Slot(
        name="a", entering=(4, 6, 6), leaving=leaving, residual=(2, 3) if dual else None, alternatives=seed
    )


def class_of(body: str, given: str = "x") -> str:
    return (
        "import torch\nimport torch.nn as nn\n\n\nclass SLOT_a(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.layer = nn.Conv2d(4, 4, 1)\n\n"
        f"    def forward(self, {given}):\n        {body}\n"
    )


@pytest.mark.parametrize(
    ("text", "wanted", "fine"),
    [
        (class_of("return self.layer(x)"), slot, True),
        (class_of("return self.layer(x) + residual.mean()", "x, residual"), lambda: slot(dual=True), True),
        (class_of("return self.layer(x)[:, :2]"), lambda: slot(leaving=(2, 6, 6)), True),
        (class_of("return self.layer(x)[:, :2]"), slot, False),
        (class_of("return self.layer(x)"), lambda: slot(dual=True), False),
        (class_of("return self.layer(x) / 0"), slot, False),
        (class_of("return [self.layer(x)]"), slot, False),
        (class_of("return self.layer(x)[:1]"), slot, False),
        (class_of("return self.layer(x)").replace("SLOT_a", "SLOT_b"), slot, False),
        (class_of("return self.layer(x)").replace("__init__(self)", "__init__(self, width)"), slot, False),
        ("class SLOT_a(", slot, False),
    ],
)
def test_a_class_is_tried_at_its_slot_s_exact_shapes(
    text: str, wanted: Callable[[], Slot], fine: bool
) -> None:
    found = problem_in(run(trying_script(text, wanted())), text)
    assert (found is None) == fine, found
