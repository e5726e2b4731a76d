"""Where a program is cut, so that its beginning is kept and a model writes the rest anew.

What is kept ends within the layers that `Net` builds: before a line of them that is drawn, for a variation;
before the layer that the failing line calls, for a repair. Lines are read and not parsed, since what failed
may be no Python.
This module does *not* ask for the rest (`asking` does).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from generator.edits.faults import Fault
from generator.prompts.code_lines import NET

_SUPER = re.compile(r"[ \t]+(?:super\(|[\w.]*Module\.__init__\()")
_FORWARD = re.compile(r"[ \t]+def[ \t]+forward\b")
_CALLED = re.compile(r"\bself\.(\w+)")
_SET = re.compile(r"[ \t]+self\.(\w+)[ \t]*[:=]")


def varied_beginning(program: str, rng: random.Random) -> str | None:
    """Return a program up to one of the lines of its layers, drawn uniformly.

    Returns:
        Whole lines, without the last line's break; None where no line of a layer is found.
    """
    lines = program.split("\n")
    layers = _layers(lines)
    return _before(lines, rng.choice(layers)) if layers else None


def sound_beginning(program: str, fault: Fault, *, again: bool = False) -> str | None:
    """Return a program up to what its failure is to be blamed on.

    That is the definition nearest before the failing line of what this line calls: of `self.head(x)` the line
    that sets `self.head`. A line that fails among the layers is to be blamed itself.

    Args:
        program: The program that failed.
        fault: How it failed.
        again: Whether mending it so was tried already: then all layers are left out.

    Returns:
        As `varied_beginning`.
    """
    lines = program.split("\n")
    layers = _layers(lines)
    if not layers:
        return None
    return _before(lines, layers[0] if again else _blamed(lines, layers, fault.line_number(program)))


def _layers(lines: Sequence[str]) -> list[int]:
    """Return where in `Net`, between the call of `super` and `forward`, lines stand that are not empty."""
    net = _place(NET, lines, 0)
    begun = _place(_SUPER, lines, net)
    ended = _place(_FORWARD, lines, begun)
    return [place for place in range(begun + 1, ended) if lines[place].strip()] if ended < len(lines) else []


def _blamed(lines: Sequence[str], layers: Sequence[int], failing: int | None) -> int:
    """Return the place of the line from which on a program is written anew."""
    if failing is None:
        return layers[0]
    if failing in layers:
        return failing
    called = set(_CALLED.findall(lines[failing]))
    for place in range(failing - 1, -1, -1):
        found = _SET.match(lines[place])
        if found is not None and found[1] in called:
            return place
    return layers[0]


def _place(pattern: re.Pattern[str], lines: Sequence[str], start: int) -> int:
    """Return the place of the first line from `start` on that matches; their number where none does."""
    return next((place for place in range(start, len(lines)) if pattern.match(lines[place])), len(lines))


def _before(lines: Sequence[str], place: int) -> str:
    return "\n".join(lines[:place])
