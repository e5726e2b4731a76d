"""The space of the grammar's programs: a point is a program with its choices, an edit changes one of them.

Points are encoded as the record of all choices that the grammar made, JSON on one line, and every record that
the grammar can make is legal. So nothing is parsed back from a program's text, and a program that the grammar
did not write has no point here.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from corpus.records.base import content_id
from corpus.records.tasks.shape import TaskShape
from generator.grammar.edits import OPERATORS, edit
from generator.grammar.program import GRAMMAR_VERSION, Derivation, replay, sample_derivation
from generator.spaces.errors import require_side

LONGEST_RECORD = 10_000
"""Characters of an encoded point that are read; the grammar's own have about 1,500 at most."""

DESCRIPTION = """\
A network is written as one JSON object on one line: every choice that leads to its program, by its name.
"taste" holds the activation and the normalisation, "trunk" the layers in their order, "head" the way from
features to scores, "training" the loss and the optimiser, "net" the layout and the names. A list, such as
"calls" or "layers", holds one object for each repeated part. Sizes are never written, they follow. Every
choice that applies must be there, and no other."""


_ORNAMENT = re.compile("name|wording|place|clip|factor|extra|groups|moves|layout")
"""Sites whose choices change a program's text, or how it is trained in detail, but not its network."""

_DRAWN = 200
"""Points that are drawn to learn which operations there are."""


class ProgramSpace:
    """The programs of the grammar for one task, up to a number of parameters: a `Space` of `Derivation`s."""

    name = "grammar"
    author = f"grammar-{GRAMMAR_VERSION}"
    textual = True

    def __init__(self, shape: TaskShape, *, max_parameters: int = 500_000) -> None:
        """Hold the programs for `shape` with at most `max_parameters` trainable parameters.

        Raises:
            NoRoomError: The images are too small.
        """
        require_side(self.name, shape.height, shape.width)
        self._shape, self._max_parameters = shape, max_parameters

    def sample(self, rng: random.Random) -> Derivation:
        """Draw a point: the program that `sample_program` draws from an equal state of `rng`.

        Raises:
            ValueError: An image side is below 6, or no program has so few parameters.
        """
        return sample_derivation(rng, self._shape, max_parameters=self._max_parameters)

    def mutate(self, point: Derivation, rng: random.Random) -> tuple[Derivation, str]:
        """Return the point of another text that one edit of `point` leads to, and the operator's name.

        Raises:
            ValueError: No edit that was tried keeps the limits; `point` is none of this space.
        """
        return edit(point, self._shape, rng, max_parameters=self._max_parameters)

    def legal(self, point: Derivation) -> bool:
        """Return whether `point` is a program of the grammar for this task, within the limits."""
        return self.decode(point.record) == point

    def encode(self, point: Derivation) -> str:
        """Return the choices of a point as JSON on one line."""
        return point.record

    def decode(self, text: str) -> Derivation | None:
        """Return the point that the choices in `text` lead to, None where they lead to none."""
        if len(text) > LONGEST_RECORD:
            return None
        try:
            record = json.loads(text)
            point = replay(record, self._shape)[0] if isinstance(record, dict) else None
        except (ValueError, RecursionError):  # no JSON, nested by the thousand, or no derivation
            return None
        return point if point is not None and point.fits(self._max_parameters) else None

    def key(self, point: Derivation) -> str:
        """Return the content address of the program's text."""
        return content_id(point.program.source)

    def render(self, point: Derivation) -> str:
        """Return the program's text."""
        return point.program.source

    def vocabulary(self) -> tuple[str, ...]:
        """Return the operations of many drawn points: the grammar has no list of all."""
        return self._vocabulary

    @cached_property
    def _vocabulary(self) -> tuple[str, ...]:
        rng = random.Random(0)
        drawn = (self.operations(self.sample(rng)) for _ in range(_DRAWN))
        return tuple(sorted({each for operations in drawn for each in operations}))

    def operations(self, point: Derivation) -> tuple[str, ...]:
        """Return the choices that name something, and all widths and kernels: `connection residual`."""
        return tuple(_operations(json.loads(point.record)))

    def parameters(self, point: Derivation) -> int:
        """Return the trainable parameters of the point's network, as the grammar counts them."""
        return point.parameters

    def describe(self) -> str:
        """Return what a model must know to write a point."""
        example = self.encode(self.sample(random.Random(0)))
        return f"{DESCRIPTION}\nEdits: {', '.join(OPERATORS)}.\nExample:\n{example}"


def _operations(record: Mapping[str, object]) -> Iterator[str]:
    for site, value in record.items():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from _operations(inner)
        word = isinstance(value, str) and value
        if (word or site in ("width", "kernel")) and not _ORNAMENT.search(site):
            yield f"{site} {value}".replace(",", "")
