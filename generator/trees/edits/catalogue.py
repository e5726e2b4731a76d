"""The operations by their names. This module does *not* choose one."""

from __future__ import annotations

from collections.abc import Mapping

from generator.trees.edits.contract import Operation
from generator.trees.edits.ground import Ground
from generator.trees.edits.modules import Change, Delete, Insert, Swap
from generator.trees.edits.widths import Narrow, Widen
from generator.trees.edits.wrapping import Times, Wrap

OPERATIONS: tuple[type[Operation], ...] = (Change, Swap, Insert, Delete, Wrap, Times, Widen, Narrow)
"""All of them, in a fixed order."""


def operations(ground: Ground) -> Mapping[str, Operation]:
    """Return all operations on a ground, by their names."""
    return {each.name: each(ground) for each in OPERATIONS}
