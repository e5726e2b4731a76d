"""An idea in the words that stand beside a candidate: how it was chosen, its place, what came on the way.

    fair: operator/activation/smooth/gelu-everywhere; by codemod; downscale 2
    similar: network/width/scaling/wider; by model; debug 1; failed truncated, shape
    scale-up: widen; by edit; downscale 1

The last is a change that goes by no idea of the pool: in its place stands the name of the edit. Notes:

    by          who carried it out: `codemod`, `model` or `edit`; left out where nobody could
    debug       how often the model was shown its mistake and wrote anew
    downscale   how often the network was made smaller to fit the budget
    failed      names of failures (`FAILURES`) on the way, in their order, those of ideas given up included
    opinion     what a model's second opinion is to the structure check: `same` or `wrong-verdict`

A candidate without a program whose notes name failures is one that none of its tries brought about. Every
figure about ideas is read from these texts alone. This module does *not* choose or carry out ideas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

FAILURES: Mapping[str, str] = {
    "truncated": "the model's answer breaks off",
    "unreadable": "there is no network in the model's answer",
    "hallucinated": "the answer names modules or arguments that there are not",
    "shape": "shapes do not fit, and no adaptor mends them",
    "broken": "the sandbox could not build it, for another reason",
    "budget": "it could not be made small enough",
    "structure": "the network is known, shows another change than was meant, or has too few layers",
    "nowhere": "there is no place for it in the parents that were drawn",
}
"""The failures by name. `truncated`, `hallucinated`, `shape` and `budget` are the paper's, whose fifth is a
`wrong-verdict` on the structure; the others are ours."""

_PLACE = "[a-z0-9-]+/[a-z0-9-]+/[a-z0-9-]+"
_TOLD = re.compile(rf"([a-z][a-z-]{{0,30}}): (?:({_PLACE})/)?([a-z0-9-]+)((?:; [^;]+)*)")
_NOTE = re.compile(r"([a-z-]+) ([^;]+)")
_EDIT = "edit"


@dataclass(frozen=True)
class Told:
    """How a candidate came of an idea.

    Attributes:
        mutation: How the idea was chosen: `fair`, `scale-up`, `tune`, `similar`, `opposite`, `prompt`.
        path: Its place in the template; None for an edit that goes by no idea.
        idea: Its id, or the name of the edit.
        notes: What else is to be said, in order, each a word and its value: `by codemod`, `debug 1`.
    """

    mutation: str
    path: str | None
    idea: str
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the failures on the way, in their order; one that came twice is there twice."""
        return tuple(filter(None, self.notes.get("failed", "").split(", ")))

    def text(self) -> str:
        """Return it in words."""
        notes = "".join(f"; {name} {value.replace(';', ',')}" for name, value in self.notes.items())
        place = "" if self.path is None else f"{self.path}/"
        return f"{self.mutation}: {place}{self.idea}{notes}"


def read_told(text: str) -> Told | None:
    """Return what `Told.text` wrote, None for any other text; what names no place must be an edit."""
    found = _TOLD.fullmatch(text)
    if found is None:
        return None
    notes = [_NOTE.fullmatch(note) for note in found[4].split("; ")[1:]]
    read = {note[1]: note[2] for note in notes if note is not None}
    if len(read) < len(notes) or (found[2] is None and read.get("by") != _EDIT):
        return None
    return Told(found[1], found[2], found[3], read)
