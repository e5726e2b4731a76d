"""An idea in the words that stand beside a candidate."""

from __future__ import annotations

import random
import string

import pytest

from generator.ideas.told import Told, read_told

WORD = string.ascii_lowercase + string.digits
ANYTHING = string.printable.replace(";", "") + "äß€ "


def _word(rng: random.Random, letters: str = WORD) -> str:
    return "-".join("".join(rng.choices(letters, k=rng.randint(1, 6))) for _ in range(rng.randint(1, 3)))


def _told(rng: random.Random) -> Told:
    notes = {
        _word(rng, string.ascii_lowercase): "".join(rng.choices(ANYTHING, k=rng.randint(1, 12)))
        for _ in range(rng.randint(0, 4))
    }
    path = "/".join(_word(rng) for _ in range(3))
    return Told(_word(rng, string.ascii_lowercase), path, _word(rng), notes)


@pytest.mark.parametrize("seed", range(200))
def test_what_is_told_is_read_as_it_was(seed: int) -> None:
    told = _told(random.Random(seed))
    assert read_told(told.text()) == told


def test_it_reads_as_words() -> None:
    told = Told("fair", "operator/activation/smooth", "gelu", {"by": "codemod", "debug": "1"})
    assert told.text() == "fair: operator/activation/smooth/gelu; by codemod; debug 1"


def test_a_semicolon_in_a_note_becomes_a_comma() -> None:
    told = Told("fair", "a/b/c", "d", {"said": "this; that"})
    assert read_told(told.text()) == Told("fair", "a/b/c", "d", {"said": "this, that"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "swap, reverse: location stage 2",
        "fair: a/b/c",
        "fair: a/b/c/d/e",
        "fair: a/b/c/d; ",
        "fair: a/b/c/d; by",
        "fair: a/b/c/d;by codemod",
        "fair: a/b/c/d; by codemod; by model",
        "Fair: a/b/c/d",
        "fair a/b/c/d",
        "fair: a/B/c/d",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    assert read_told(text) is None


@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_text_is_none_or_says_what_it_says(seed: int) -> None:
    rng = random.Random(seed)
    text = list(_told(rng).text())
    for _ in range(rng.randint(1, 3)):
        text[rng.randrange(len(text))] = rng.choice(ANYTHING + ";:/")
    damaged = "".join(text)
    found = read_told(damaged)
    assert found is None or found.text() == damaged
