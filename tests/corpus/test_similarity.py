"""What counts as the same program, and that novelty decisions are exact."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from itertools import pairwise

import pytest

from corpus.config import CorpusConfig
from corpus.novelty.similarity import Shingler, jaccard, shingle_array
from corpus.programs.parsing import MAX_CHARACTERS
from corpus.programs.tokens import canonical_tokens
from corpus.records.tasks.shape import TaskShape
from generator.grammar import sample_program

PROGRAM = '''
"""A small network."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def supported_hyperparameters():
    return {'lr', 'momentum'}


class ResBlock(nn.Module):
    """A block."""

    def __init__(self, channels, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, kernel_size=3, padding=1, stride=stride)  # keeps the size
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(x + self.norm(self.conv(x)))


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.stem = nn.Conv2d(in_shape[1], 32, 3, padding=1)
        self.blocks = nn.Sequential(*[ResBlock(32, stride=1) for _ in range(3)])
        self.head = nn.Linear(32, out_shape[0])

    def forward(self, x):
        x = self.blocks(F.relu(self.stem(x)))
        return self.head(x.mean((2, 3)))
'''

HOSTILE = {
    "unbalanced": "(" * 90_000,
    "deep operators": "-" * 60_000 + "1",
    "deep attributes": "a" + ".a" * 40_000,
    "long sum": "1" + "+1" * 30_000,
    "huge integer": "x = " + "9" * 5_000,
    "unprintable integer": "x = 0x" + "f" * 9_000,
    "NUL": "x = \0",
    "half a surrogate pair": "x = '\ud800'",
    "open string": "x = '''",
    "empty": "",
    "prose": "I cannot write that network, sorry.",
    "invalid escape": "x = '\\d'",
}


def same(first: str, second: str) -> bool:
    return Shingler().similarity(first, second) == 1.0


def renamed(source: str, old: str, new: str) -> str:
    changed = re.sub(rf"\b{old}\b", new, source)
    assert changed != source
    return changed


def grammar_programs(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    shape = TaskShape(channels=1, height=12, width=12, classes=10)
    return [sample_program(rng, shape).source for _ in range(count)]


def edited(source: str, edits: int, rng: random.Random) -> str:
    """Return `source` with `edits` of its numbers changed."""
    for _ in range(edits):
        match = rng.choice(list(re.finditer(r"(?<![\w.])\d+(?![\w.])", source)))
        source = f"{source[: match.start()]}{int(match.group()) + rng.randint(1, 9)}{source[match.end() :]}"
    return source


def test_comments_docstrings_and_layout_do_not_count() -> None:
    bare = re.sub(r"#.*|\"\"\"[^\"]*\"\"\"", "", PROGRAM).replace("    ", "\t").replace("(32, ", "( 32 ,")
    assert same(PROGRAM, bare)


@pytest.mark.parametrize("old, new", [("channels", "c"), ("stem", "first"), ("blocks", "body"), ("x", "h")])
def test_a_renamed_variable_or_attribute_is_not_new(old: str, new: str) -> None:
    assert same(PROGRAM, renamed(PROGRAM, old, new))


def test_a_renamed_class_is_not_new() -> None:
    assert same(PROGRAM, renamed(PROGRAM, "ResBlock", "Unit"))


def test_a_renamed_keyword_of_an_own_class_is_not_new() -> None:
    # `stride` is a parameter of the program's own block *and* a keyword of nn.Conv2d, which must stay.
    changed = PROGRAM.replace("stride=1", "s=1").replace("stride=stride", "stride=s")
    assert same(PROGRAM, changed)


def test_annotations_do_not_count() -> None:
    annotated = PROGRAM.replace("forward(self, x):", "forward(self, x: torch.Tensor) -> torch.Tensor:")
    assert same(PROGRAM, annotated)


def test_the_style_of_imports_does_not_count() -> None:
    direct = PROGRAM.replace("import torch\n", "import torch\nfrom torch.nn import Conv2d as Convolution\n")
    direct = direct.replace("nn.Conv2d", "Convolution").replace("nn.BatchNorm2d", "torch.nn.BatchNorm2d")
    assert same(PROGRAM, direct)


@pytest.mark.parametrize(
    "old, new",
    [
        ("nn.BatchNorm2d", "nn.InstanceNorm2d"),
        ("F.relu", "F.gelu"),
        ("x.mean", "x.amax"),
        ("padding=1", "dilation=1"),
        ("x + self", "x * self"),
        ("kernel_size=3", "kernel_size=5"),
    ],
)
def test_another_layer_function_or_number_does_count(old: str, new: str) -> None:
    assert not same(PROGRAM, PROGRAM.replace(old, new))


def test_masked_numbers_hide_another_width() -> None:
    shingler = Shingler(mask_numbers=True)
    assert shingler.similarity(PROGRAM, PROGRAM.replace("32", "48")) == 1.0


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_has_tokens_that_are_its_own(name: str) -> None:
    shingler = Shingler()
    assert shingler.similarity(HOSTILE[name], HOSTILE[name]) == 1.0
    assert shingler.similarity(HOSTILE[name], PROGRAM) < 0.1


def test_text_beyond_the_limit_counts_by_its_content() -> None:
    long = PROGRAM + "#" * MAX_CHARACTERS
    assert canonical_tokens(long + "a") == canonical_tokens(long + "a")
    assert canonical_tokens(long + "a") != canonical_tokens(long + "b")


def test_jaccard_agrees_with_its_definition() -> None:
    assert jaccard({1, 2, 3}, {2, 3, 4}) == 2 / 4
    assert jaccard(set(), set()) == 1.0
    assert jaccard({1}, {2}) == 0.0


def test_shingles_are_the_same_in_every_process() -> None:
    code = "import sys, corpus.novelty.similarity as s; print(sum(s.Shingler().shingles(sys.stdin.read())))"
    command = [sys.executable, "-c", code]
    here = str(sum(Shingler().shingles(PROGRAM)))
    assert subprocess.run(command, input=PROGRAM, capture_output=True, text=True).stdout.strip() == here


def test_a_shingle_is_a_run_of_tokens_in_their_order() -> None:
    assert len(shingle_array(list("abcdefgh"), 7)) == 2
    assert len(shingle_array(list("aaaaaaaaaa"), 7)) == 1
    assert set(shingle_array(list("abcdefg"), 7)).isdisjoint(shingle_array(list("abcdegf"), 7))
    assert set(shingle_array(list("abc"), 7)).isdisjoint(shingle_array(list("abcd"), 7))
    assert len(shingle_array([], 7)) == 1


def test_shingles_agree_with_runs_of_tokens_compared_as_text() -> None:
    for source in grammar_programs(20, seed=4):
        tokens = canonical_tokens(source)
        runs = {tokens[start : start + 7] for start in range(len(tokens) - 6)}
        assert len(Shingler().array(source)) == len(runs)


def test_a_changed_number_is_a_near_duplicate_and_a_fresh_program_is_not() -> None:
    rng = random.Random(3)
    shingler, tau = Shingler(), CorpusConfig().tau
    programs = grammar_programs(40, seed=3)
    assert all(shingler.similarity(source, edited(source, 1, rng)) >= tau for source in programs)
    fresh = [shingler.similarity(a, b) for a, b in pairwise(programs)]
    assert max(fresh) < tau
