"""The settings of a module that are worth a try: its defaults, and what is one step from them.

Widths go in steps of a half or a third, rounded to a multiple of four: our choice. This module does *not*
check whether a setting is legal at a place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from generator.trees.nodes import Module, Value
from generator.trees.specs import MAX_WIDTH, ModuleSpec

FACTORS = (Fraction(1, 2), Fraction(3, 4), Fraction(3, 2), Fraction(2))
"""By how much a width is changed."""

WIDTH_STEP = 4
"""Widths that are proposed are multiples of it."""


def scaled(width: int, factor: Fraction) -> int:
    """Return a width, scaled and rounded; at least `WIDTH_STEP`, at most `MAX_WIDTH`."""
    steps = max(round(width * factor / WIDTH_STEP), 1)
    return min(steps * WIDTH_STEP, MAX_WIDTH)


def widths_beside(width: int) -> list[int]:
    """Return the widths that are one step away, in order."""
    return sorted({scaled(width, factor) for factor in FACTORS} - {width})


def one_step(
    spec: ModuleSpec, width: int, carried: Mapping[str, Value], *, widths: bool = True
) -> Iterator[tuple[str, Module]]:
    """Yield modules of a kind with their settings in words: first the plainest, then one change at a time.

    Args:
        spec: The kind.
        width: The width, where it has one.
        carried: Arguments that are kept as they are.
        widths: Whether other widths are tried as well.
    """
    fixed = {name: value for name, value in carried.items() if takes(spec, name, value)}
    yield _module(spec, width, fixed)
    if widths and spec.width is not None:
        for other in dict.fromkeys(scaled(width, factor) for factor in (FACTORS[0], FACTORS[-1])):
            if other != width:
                yield _module(spec, other, fixed)
    for name, choices in spec.choices.items():
        if name not in fixed:
            for value in choices[1:]:
                yield _module(spec, width, fixed | {name: value})


def takes(spec: ModuleSpec, name: str, value: Value) -> bool:
    """Return whether an argument of a kind of module may be set to a value."""
    choices = spec.choices.get(name, ())
    if spec.primitive and choices:
        return type(value) is type(choices[0])
    return any(type(value) is type(choice) and value == choice for choice in choices)


def _module(spec: ModuleSpec, width: int, values: Mapping[str, Value]) -> tuple[str, Module]:
    chosen = {name: values[name] for name in spec.choices if name in values}
    changed = {name: value for name, value in chosen.items() if value != spec.choices[name][0]}
    if spec.width is not None:
        changed = {spec.width: width} | changed
    words = ", ".join(f"{name}={value}" for name, value in changed.items())
    return words, Module(spec.name, tuple(changed.items()))
