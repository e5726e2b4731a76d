"""A file of ideas that is hard to read for its size is read, or refused, in time that grows with the size."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from generator.ideas.pool import IdeaError, read_pool

CHARACTERS = 1_000_000
LONGEST_SECONDS = 4.0
"""For an eighth of the largest file."""

_IDEA = """[[ideas]]
id = "i{}"
path = "operator/activation/smooth"
statement = "Smooth activations, all of them."
sources = [{{ title = "A paper" }}]
"""

HARD: dict[str, Callable[[int], str]] = {
    "ideas": lambda size: "".join(map(_IDEA.format, range(size // 150))),
    "one name": lambda size: _IDEA * (size // 150),
    "dotted keys": lambda size: "".join(f"{'a.' * 10}b{n} = 1\n" for n in range(size // 30)),
    "dotted tables": lambda size: "".join(f"[{'a.' * 10}b{n}]\n" for n in range(size // 30)),
    "one dotted key": lambda size: ".".join("a" * (size // 2)) + " = 1",
    "dotted in a table": lambda size: "x = {" + ".".join("a" * (size // 2)) + " = 1}",
    "open quotes": lambda size: 11 * "." + '"' + '\\"' * (size // 2),
    "open backslashes": lambda size: 11 * "." + '"' + "\\" * size,
    "apostrophes": lambda size: 11 * "." + "'" * (size - 11) + '"',
    "brackets": lambda size: "x = " + "[" * size,
    "braces": lambda size: "x = " + "{a=" * (size // 3),
    "digits": lambda size: "x = " + "9" * size,
    "a long name": lambda size: "a" * size + " = 1",
    "lines": lambda size: "\n" * size,
    "numbers": lambda size: "ideas = [" + "1," * (size // 2) + "]",
}


@pytest.mark.parametrize("name", HARD)
def test_it_takes_no_longer_than_its_size_allows(tmp_path: Path, name: str) -> None:
    place = tmp_path / "pool.toml"
    place.write_text(HARD[name](CHARACTERS))
    began = time.process_time()
    with suppress(IdeaError):
        read_pool(place)
    assert time.process_time() - began < LONGEST_SECONDS
