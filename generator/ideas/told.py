"""An idea in the words that stand beside a candidate: how it was chosen, its place, what came on the way.

    fair: operator/activation/smooth/gelu-everywhere; by codemod; debug 1; downscale 2
    scale-up: network/width/scaling/wider; by model

Every figure about ideas is read from these texts alone. This module does *not* choose or carry out ideas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_TOLD = re.compile(r"([a-z][a-z-]{0,30}): ([a-z0-9-]+/[a-z0-9-]+/[a-z0-9-]+)/([a-z0-9-]+)((?:; [^;]+)*)")
_NOTE = re.compile(r"([a-z-]+) ([^;]+)")


@dataclass(frozen=True)
class Told:
    """How a candidate came of an idea.

    Attributes:
        mutation: How the idea was chosen: `fair`, `pareto`, `similar`, `prompt`.
        path: Its place in the template.
        idea: Its id.
        notes: What else is to be said, in order, each a word and its value: `by codemod`, `debug 1`.
    """

    mutation: str
    path: str
    idea: str
    notes: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Return it in words."""
        notes = "".join(f"; {name} {value.replace(';', ',')}" for name, value in self.notes.items())
        return f"{self.mutation}: {self.path}/{self.idea}{notes}"


def read_told(text: str) -> Told | None:
    """Return what `Told.text` wrote, None for any other text."""
    found = _TOLD.fullmatch(text)
    if found is None:
        return None
    notes = [_NOTE.fullmatch(note) for note in found[4].split("; ")[1:]]
    read = {note[1]: note[2] for note in notes if note is not None}
    return Told(found[1], found[2], found[3], read) if len(read) == len(notes) else None
