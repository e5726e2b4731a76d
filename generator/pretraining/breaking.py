"""Programs of the grammar, broken in one place the way that small models break theirs.

    features   a linear layer that expects another number of features than it gets
    channels   a convolution or a normalisation that expects another number of channels
    number     some other number in a constructor
    half       an edit of the grammar (`generator.grammar.edits`) with one of its changes left out
    name       an attribute that is used and was never set, or under another name
    import     an import that is missing
    bracket    a closing bracket too many, or one too few

This module does *not* know whether a program still runs: `generator.pretraining.failing` does.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from typing import NamedTuple

from corpus.records.tasks.shape import TaskShape
from generator.grammar.derivation import pick
from generator.grammar.edits import edit
from generator.grammar.program import Derivation

_LINEAR = re.compile(r"nn\.Linear\((\d+(?: \* \d+)*)(?=, )")
_CHANNELS = re.compile(r"nn\.(?:Conv2d|BatchNorm2d|InstanceNorm2d)\((\d+)(?=[,)])")
_NUMBER = re.compile(r"(?<=[(, ])(\d+)(?=[,)])")
_USED = re.compile(r"(?<!def )self\.([a-z_]+\d*)(?=[(.,)\s])")
_SET = re.compile(r" {8}self\.([a-z_]+\d*) = nn\.")

_WIDTHS = (4, 8, 12, 16, 24, 32, 48, 64, 96, 128)
_SIDES = (1, 1, 1, 2, 3, 4, 6, 8)

_WEIGHTS: Mapping[str, float] = {
    "features": 5, "channels": 3, "number": 2, "half": 4, "name": 2, "import": 0.6, "bracket": 1,
}  # fmt: skip
"""How often each way is tried. Our choice, after what the embedded model gets wrong: mostly sizes."""


class Broken(NamedTuple):
    """A program that may fail, and the same without its fault."""

    source: str
    mended: str


def break_program(rng: random.Random, parent: Derivation, shape: TaskShape, cap: int) -> Broken:
    """Return `parent` with one fault, as it would be mended.

    What a layer expects is mended by the plain number that it gets, whatever product the grammar wrote.

    Args:
        rng: The only source of chance.
        parent: A program of the grammar for `shape`.
        shape: The task.
        cap: Most trainable parameters of an edit whose half is left out.
    """
    while True:
        way = pick(rng, _WEIGHTS)
        broken = _half(rng, parent, shape, cap) if way == "half" else _WAYS[way](rng, parent.program.source)
        if broken is not None and broken.source != broken.mended:
            return broken


def _features(rng: random.Random, source: str) -> Broken | None:
    width, side = rng.choice(_WIDTHS), rng.choice(_SIDES)
    product = side > 1 and rng.random() < 0.7
    wrong = f"{width} * {side} * {side}" if product else str(width * side * side)
    return _other_number(rng, source, _LINEAR, wrong)


def _channels(rng: random.Random, source: str) -> Broken | None:
    return _other_number(rng, source, _CHANNELS, str(rng.choice(_WIDTHS)))


def _number(rng: random.Random, source: str) -> Broken | None:
    return _other_number(rng, source, _NUMBER, str(rng.choice((1, 2, 3, 5, *_WIDTHS))))


def _other_number(rng: random.Random, source: str, where: re.Pattern[str], wrong: str) -> Broken | None:
    places = list(where.finditer(source))
    if not places:
        return None
    place = rng.choice(places)
    head, tail = source[: place.start(1)], source[place.end(1) :]
    right = math.prod(map(int, place[1].split(" * ")))
    return Broken(f"{head}{wrong}{tail}", f"{head}{right}{tail}")


def _half(rng: random.Random, parent: Derivation, shape: TaskShape, cap: int) -> Broken | None:
    child, _ = edit(parent, shape, rng, max_parameters=cap)
    before = parent.program.source.split("\n")
    after = child.program.source.split("\n")
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    changes = [change for change in matcher.get_opcodes() if change[0] != "equal"]
    if len(changes) < 2:
        lines = [(at, other) for kind, at, to, other, end in changes if to - at == end - other > 1
                 for at, other in zip(range(at, to), range(other, end), strict=True)]  # fmt: skip
        if not lines:
            return None
        at, other = rng.choice(lines)
        return Broken("\n".join([*after[:other], before[at], *after[other + 1 :]]), "\n".join(after))
    _, start, end, first, last = rng.choice(changes)
    return Broken("\n".join([*after[:first], *before[start:end], *after[last:]]), "\n".join(after))


def _name(rng: random.Random, source: str) -> Broken | None:
    lines = source.split("\n")
    defined = [place for place, line in enumerate(lines) if _SET.match(line) and line.endswith(")")]
    if not defined:
        return None
    if rng.random() < 0.4:
        gone = rng.choice(defined)
        return Broken("\n".join(lines[:gone] + lines[gone + 1 :]), source)
    names = [found[1] for line in lines if (found := _SET.match(line))]
    used = [found for found in _USED.finditer(source) if found[1] in names]
    if not used:
        return None
    place = rng.choice(used)
    stem = place[1].rstrip("0123456789")
    wrong = rng.choice([*names, f"{stem}{rng.randint(1, 4)}", stem])
    return Broken(source[: place.start(1)] + wrong + source[place.end(1) :], source)


def _import(rng: random.Random, source: str) -> Broken | None:
    lines = source.split("\n")
    gone = rng.choice([place for place, line in enumerate(lines) if line.startswith("import ")])
    return Broken("\n".join(lines[:gone] + lines[gone + 1 :]), source)


def _bracket(rng: random.Random, source: str) -> Broken | None:
    place = rng.choice([found.start() for found in re.finditer(r"\)", source)])
    if rng.random() < 0.7:
        return Broken(f"{source[:place]}){source[place:]}", source)
    return Broken(source[:place] + source[place + 1 :], source)


_WAYS: Mapping[str, Callable[[random.Random, str], Broken | None]] = {
    "features": _features, "channels": _channels, "number": _number,
    "name": _name, "import": _import, "bracket": _bracket,
}  # fmt: skip
