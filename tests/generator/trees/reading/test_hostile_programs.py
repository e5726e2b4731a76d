"""Programs made to harm their reader: each ends soon, in a tree or a `NotATreeError`, and nothing runs."""

from __future__ import annotations

import ast
import copy
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from corpus.programs.parsing import MAX_CHARACTERS
from corpus.records.tasks.shape import TaskShape
from generator.trees.nodes import Tree
from generator.trees.primitives import primitives
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.reader import read
from tests.generator.trees.reading import mined
from tests.generator.trees.reading.hostile import BENIGN, HOSTILE, STRANGE, TOUCHED

SHAPE = TaskShape(channels=3, height=32, width=32, classes=10)
HARMLESS = {"deep brackets", "a deep lambda", "a class that derives from many"}
"""Those that are read after all."""

SAMPLES = Path(__file__).parent / "samples"

LONGEST_SECONDS = 3.0
"""A loaded machine's; on a free one each takes less than a second."""


def test_the_frame_of_the_hostile_programs_is_read() -> None:
    assert isinstance(read(BENIGN, SHAPE, primitives()), Tree)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_program_ends_soon_and_runs_nothing(name: str) -> None:
    begun = time.monotonic()
    try:
        read(HOSTILE[name], SHAPE, primitives())
        refused = False
    except NotATreeError as error:
        refused = error.reason in ("syntax", "bounds", "python", "module", "shape")
    assert time.monotonic() - begun < LONGEST_SECONDS
    assert refused == (name not in HARMLESS)
    assert not Path(TOUCHED).exists()


@pytest.mark.parametrize("library", [primitives(), mined.LIBRARY])
def test_a_text_of_the_longest_kind_ends_soon(library: object) -> None:
    texts = [
        "import a\n" * (MAX_CHARACTERS // 9),
        "def f(): pass\n" * (MAX_CHARACTERS // 14),
        "".join(f"import a{n}\nclass C{n}: b = a{n}\n" for n in range(MAX_CHARACTERS // 40)),
        mined.CARRIED * (MAX_CHARACTERS // len(mined.CARRIED)),
        "x = 1\n" * (MAX_CHARACTERS // 6),
        "class ConvNormAct_1a2b3c4d:\n    a = " + "+".join(["1"] * 3000),
        "x" * (MAX_CHARACTERS + 1),
    ]
    for text in texts:
        begun = time.monotonic()
        with pytest.raises(NotATreeError):
            read(text, SHAPE, library)  # type: ignore[arg-type]
        assert time.monotonic() - begun < LONGEST_SECONDS


def _expressions(tree: ast.AST) -> list[ast.expr]:
    """Return the expressions of a program that another may stand in the place of."""
    kept = (ast.Starred, ast.JoinedStr, ast.FormattedValue)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.expr) and not isinstance(node, kept)]
    return [node for node in found if isinstance(getattr(node, "ctx", ast.Load()), ast.Load)]


class _Exchange(ast.NodeTransformer):
    """Puts one expression in the place of another."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else self.generic_visit(node)


@pytest.mark.parametrize("part", range(4))
def test_a_program_with_an_expression_in_the_wrong_place_raises_nothing_else(part: int) -> None:
    rng = random.Random(part)
    sources = [path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.py"))]
    strange = [ast.parse(text, mode="eval").body for text in STRANGE]
    outcomes: Counter[str] = Counter()
    for _ in range(60):
        tree: ast.AST = ast.parse(rng.choice(sources))
        for _ in range(rng.randint(1, 2)):
            foreign = rng.choice(strange if rng.random() < 0.6 else _expressions(tree))
            tree = _Exchange(rng.choice(_expressions(tree)), copy.deepcopy(foreign)).visit(tree)
        try:
            read(ast.unparse(tree), SHAPE, primitives())
            outcomes["read"] += 1
        except NotATreeError as error:
            outcomes[error.reason] += 1
    assert outcomes["read"] and outcomes["python"] and outcomes["module"]
