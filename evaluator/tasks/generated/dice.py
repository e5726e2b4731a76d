"""The random numbers that generated tasks are drawn with. This module does *not* draw anything."""

from __future__ import annotations

import numpy as np


def dice(*stream: int, task_seed: int) -> np.random.Generator:
    """Return the generator of one stream, the same on every machine.

    Args:
        stream: A task's own number, and what tells its splits and variants apart.
        task_seed: At 0 the stream is the public one; no other number leads to it.
    """
    return np.random.Generator(np.random.PCG64([*stream, task_seed] if task_seed else [*stream]))
