"""Programs made to harm their reader: each ends soon, in a tree or a `NotATreeError`, and nothing runs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from corpus.programs.parsing import MAX_CHARACTERS
from corpus.records.base import TaskShape
from generator.trees.nodes import Tree
from generator.trees.primitives import primitives
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.reader import read
from tests.generator.trees.reading import mined
from tests.generator.trees.reading.hostile import BENIGN, HOSTILE, TOUCHED

SHAPE = TaskShape(channels=3, height=32, width=32, classes=10)
HARMLESS = {"deep brackets", "a deep lambda", "a class that derives from many"}
"""Those that are read after all."""

LONGEST_SECONDS = 3.0
"""A loaded machine's; on a free one each takes less than one second."""


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
        "x" * (MAX_CHARACTERS + 1),
    ]
    for text in texts:
        begun = time.monotonic()
        with pytest.raises(NotATreeError):
            read(text, SHAPE, library)  # type: ignore[arg-type]
        assert time.monotonic() - begun < LONGEST_SECONDS
