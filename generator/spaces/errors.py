"""The spaces' own mistakes. A text that encodes no point is none: `decode` answers None."""

from __future__ import annotations

from corpus.records.mistakes import Mistake


class UnknownSpaceError(Mistake, ValueError):
    """There is no space of that name; the message lists what there is."""


class NoRoomError(Mistake, ValueError):
    """The space holds no network for such images, or none below such a cap on parameters."""


SMALLEST_SIDE = 6
"""Images with a side below this many pixels leave nothing to see after the reductions of a network."""


def require_side(space: str, height: int, width: int) -> None:
    """Do nothing if images are large enough.

    Raises:
        NoRoomError: One side is below `SMALLEST_SIDE`.
    """
    if min(height, width) < SMALLEST_SIDE:
        raise NoRoomError(
            f"the space '{space}' needs images of at least {SMALLEST_SIDE}x{SMALLEST_SIDE}, "
            f"not {height}x{width}: choose another task, or resize its images"
        )


def no_room(space: str, smallest: int, max_parameters: int) -> NoRoomError:
    """Return the mistake of a cap below the `smallest` network of a space, in trainable parameters."""
    return NoRoomError(
        f"the space '{space}' needs {smallest:,} parameters for this task, the cap is {max_parameters:,}: "
        "raise evaluator.max_parameters"
    )
