"""The task `motifs`: which of four short motifs a sequence of four letters holds, as in regulatory genomics.

A sequence is 256 random letters, one channel a letter. Each of four motifs of twelve letters is planted in
about a third of the sequences, anywhere in a place of 32 letters of its own, a quarter of the time with one
letter changed. Label k is 1 where motif k was planted; a sequence in 1,800 holds a given motif by chance, or
all but one letter of it. Letters are drawn evenly, so their counts tell nothing.

Only whole numbers are drawn, so every machine draws the same bytes. A private seed has motifs of its own.
This module does *not* use any real sequence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks.cache import drawn
from evaluator.tasks.generated.dice import dice
from evaluator.tasks.task import Examples, Splits

LENGTH = 256
LETTERS = 4
MOTIFS = 4
COUNTS = (5_000, 1_000, 1_000)

_SEED = 20251202
_MOTIF_LENGTH = 12
_PLACE = 32
_PLANTED = 0.35
_CHANGED = 0.25


def motifs(task_seed: int = 0) -> Splits:
    """Return the splits: sequences float32 `(N, 4, 256)` of 0 and 1, targets float32 `(N, 4)` of 0 and 1."""

    def draw(count: int, index: int) -> Examples:
        return draw_sequences(count, (1 + index,), task_seed)

    return drawn("motifs-v1", "ae0f68eac751", COUNTS, draw, task_seed)


def planted(task_seed: int = 0) -> NDArray[np.int64]:
    """Return the motifs `(4, 12)`, numbers of letters."""
    return dice(_SEED, 0, task_seed=task_seed).integers(0, LETTERS, size=(MOTIFS, _MOTIF_LENGTH))


def draw_sequences(count: int, stream: tuple[int, ...], task_seed: int = 0) -> Examples:
    """Return sequences and which motifs were planted in each; equal streams give equal ones.

    Each motif has one of eight places that do not overlap, and lies somewhere within it.
    """
    generator = dice(_SEED, *stream, task_seed=task_seed)
    letters = generator.integers(0, LETTERS, size=(count, LENGTH))
    there = generator.random((count, MOTIFS)) < _PLANTED
    places = LENGTH // _PLACE
    blocks = generator.random((count, places)).argsort(axis=1)[:, :MOTIFS]  # (N, motifs), all different
    starts = _PLACE * blocks + generator.integers(0, _PLACE + 1 - _MOTIF_LENGTH, size=(count, MOTIFS))
    for motif, text in enumerate(planted(task_seed)):
        rows = np.flatnonzero(there[:, motif])
        texts = np.repeat(text[None], len(rows), axis=0)
        changed = np.flatnonzero(generator.random(len(rows)) < _CHANGED)
        where = generator.integers(0, _MOTIF_LENGTH, size=len(changed))
        texts[changed, where] = (
            texts[changed, where] + generator.integers(1, LETTERS, size=len(changed))
        ) % LETTERS
        letters[rows[:, None], starts[rows, motif][:, None] + np.arange(_MOTIF_LENGTH)] = texts
    sequences = np.arange(LETTERS)[None, :, None] == letters[:, None]  # (N, letters, L)
    return Examples(sequences.astype(np.float32), there.astype(np.float32))
