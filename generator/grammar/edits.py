"""Edits of a program that stay inside the grammar: one choice of its derivation is changed, the rest is kept.

    swap            one kind for another: block family, activation, normalisation, pooling, reduction
    insert          a part more: a layer, a block's call, a pooling, a dropout, a branch
    delete          a part less
    widen           one width, to the next larger one
    narrow          one width, to the next smaller one
    hyperparameter  one setting: kernel, stride, ratio, rate, optimiser, its factor, loss

No edit reaches what the grammar could not have drawn. Sizes that follow from the edited choice are computed
anew, choices that are no longer legal where they stand are drawn anew, and all others stay. Names and wording
are not edited for their own sake: they change only with the part that they belong to.

This module does *not* know how good a program is, and edits no text.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from corpus.records.tasks.shape import TaskShape
from generator.grammar.derivation import Choice, Choices, Path, Record, Repetition, Value
from generator.grammar.program import Derivation, derive, replay

MAX_TRIES = 200


def _sites(names: str) -> frozenset[str]:
    return frozenset(names.split(", "))


WIDTHS = _sites("width, growth")
"""Sites whose numbers `widen` and `narrow` move."""

PARTS = _sites(
    "activated, activated sum, after conv, block, branches, conv, depth, dropout, hidden, normed, pool, "
    "pooled branch, repeated, repeats, second, two blocks"
)
"""Sites that say whether a part is there, or how many there are: `insert` and `delete`."""

KINDS = _sites(
    "activation, averaged, connection, convolved, convolved gate, family, grid pool, joined, kind of pool, "
    "linear, norm, projected, reduction, residual, way"
)
"""Sites that say what a part is: `swap`."""

SETTINGS = _sites(
    "bias, clip norm, clipped, dilated, extra, factor, grid, groups, groups of a norm, halved, inverted, "
    "kernel, kernels, loss, one width, optimizer, pre-activated, rate, ratio, strided, variant"
)
"""Sites that say how a part, or the training, is set: `hyperparameter`."""

WORDING = _sites(
    "assigned, class name, functional, inline, layout, listed, literal inputs, literal ratio, moves first, "
    "place of move, reads channels, reads classes, spelt out, style"
)
"""Sites that say how a program is written, with all that are called `name of`, `names of` or `wording of`."""


def _longer(parent: Derivation, child: Derivation) -> bool:
    return len(child.program.source) > len(parent.program.source)


def _larger(parent: Derivation, child: Derivation) -> bool:
    return child.parameters > parent.parameters


def _other(parent: Derivation, child: Derivation) -> bool:
    return child.program.source != parent.program.source


OPERATORS: Mapping[str, Callable[[Derivation, Derivation], bool]] = {
    "swap": _other,
    "insert": _longer,
    "delete": lambda parent, child: _longer(child, parent),
    "widen": _larger,
    "narrow": lambda parent, child: _larger(child, parent),
    "hyperparameter": _other,
}
"""The operators, each with what must hold of a program and its edit; other edits are dropped."""


@dataclass(frozen=True)
class Place:
    """A place that an operator can edit.

    Attributes:
        path: Where it stands in the record.
        values: What a choice can become, one of them by chance; none for a list, where a span comes or goes.
    """

    path: Path
    values: tuple[Value, ...] = ()


def edit(
    parent: Derivation, shape: TaskShape, rng: random.Random, *, max_parameters: int = 500_000
) -> tuple[Derivation, str]:
    """Return a program that differs from `parent` by one edit, and the operator's name.

    Operator, place and value are each drawn with equal chances among those that there are.

    Args:
        parent: A program of the grammar for `shape`.
        shape: The task.
        rng: The only source of chance.
        max_parameters: Edits with more trainable parameters are dropped.

    Raises:
        UnderivableError: `parent` is not a program for `shape`.
        ValueError: None of many edits kept the limits.
    """
    record: Record = json.loads(parent.record)
    places = places_of(replay(record, shape)[1])
    for _ in range(MAX_TRIES):
        operator = rng.choice([name for name in OPERATORS if name in places])
        changed = _changed(record, operator, rng.choice(places[operator]), rng)
        child = derive(Choices(rng, changed), shape)
        if child.fits(max_parameters) and _other(parent, child) and OPERATORS[operator](parent, child):
            return child, operator
    raise ValueError(f"none of {MAX_TRIES} edits has at most {max_parameters} parameters")


def places_of(choices: Choices) -> Mapping[str, list[Place]]:
    """Return where each operator can edit the program that `choices` made; absent where it cannot."""
    places: defaultdict[str, list[Place]] = defaultdict(list)
    for choice in choices.made:
        for operator, values in _changes(choice).items():
            if values:
                places[operator].append(Place(choice.path, values))
    for repetition in choices.repetitions:
        for operator, place in _list_places(repetition):
            places[operator].append(place)
    return places


def site_of(choice: Choice) -> str:
    """Return the name of a choice's site without the number that tells it from others of its span."""
    return re.sub(r" \d+$", "", str(choice.path[-1]))


def _changes(choice: Choice) -> Mapping[str, tuple[Value, ...]]:
    """Return what each operator can make of a choice."""
    site = site_of(choice)
    if site in WIDTHS or site in PARTS:
        order = sorted(choice.options, key=int)
        place = order.index(choice.value)
        more, less = ("widen", "narrow") if site in WIDTHS else ("insert", "delete")
        return {more: tuple(order[place + 1 : place + 2]), less: tuple(order[max(place - 1, 0) : place])}
    others = tuple(option for option in choice.options if option != choice.value)
    if site == "kernels":  # in another order they are the same network
        present = sorted(str(choice.value).split())
        others = tuple(option for option in others if sorted(str(option).split()) != present)
    if site in KINDS:
        return {"swap": others}
    return {"hyperparameter": others} if site in SETTINGS else {}


def _list_places(repetition: Repetition) -> list[tuple[str, Place]]:
    """Return where a span can be put into a list, and which can be taken out."""
    path, count = repetition.path, repetition.count
    found: list[tuple[str, Place]] = []
    if count + 1 in repetition.counts:
        found += [("insert", Place((*path, index))) for index in range(count + 1)]
    if count - 1 in repetition.counts:
        found += [("delete", Place((*path, index))) for index in range(count)]
    return found


def _changed(record: Record, operator: str, place: Place, rng: random.Random) -> Record:
    """Return `record` with one choice changed, or with an empty span put in or a span taken out."""
    changed = copy.deepcopy(record)
    entry: Any = changed
    for step in place.path[:-1]:
        entry = entry[step]
    last = place.path[-1]
    if place.values:
        entry[last] = rng.choice(place.values)
    elif operator == "insert":
        entry.insert(last, {})
    else:
        del entry[last]
    return changed
