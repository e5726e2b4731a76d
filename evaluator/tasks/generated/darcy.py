"""The task `darcy`: from the permeability of a porous medium to the pressure of what flows through it.

Darcy flow as in the literature on neural operators (Li et al. 2021, "Fourier Neural Operator for Parametric
Partial Differential Equations", section 5.2): `-div(a grad u) = 1` on the unit square, `u = 0` on its
boundary. The coefficient `a` is 12 where a random field is positive, and 3 elsewhere. The field is Gaussian
with the covariance `(-Laplace + 9)^-2` under Neumann conditions. Ours are three things: its cosine series
ends at 16 waves an axis and has no constant term, its coefficients are sums of twelve evenly drawn numbers,
and the grid has 32x32 cells. Inputs are `a`, targets `u` in its own unit (about 0.006); the relative L2 error
does not depend on the unit.

Fields are computed in whole numbers, whose sums are exact in any order, and `flow` solves in a fixed order,
so every machine draws the same bytes. This module does *not* solve anything.
"""

from __future__ import annotations

import numpy as np

from evaluator.tasks.cache import drawn
from evaluator.tasks.generated.dice import dice
from evaluator.tasks.generated.flow import Fields, solve
from evaluator.tasks.task import Examples, Splits

SIDE = 32
LOW, HIGH = 3.0, 12.0
COUNTS = (2_000, 500, 500)

_SEED = 20251130
_CHUNK = 125
_WAVES = 16
_CHANCES = 12
_SCALE = 2.0**12


def darcy(task_seed: int = 0) -> Splits:
    """Return the splits: inputs float32 `(N, 1, 32, 32)` of 3 and 12, targets float32 `(N, 1, 32, 32)`."""

    def draw(count: int, index: int) -> Examples:
        return draw_flows(count, (index,), task_seed)

    return drawn("darcy-v1", "36988f96e451", COUNTS, draw, task_seed)


def draw_flows(count: int, stream: tuple[int, ...], task_seed: int = 0) -> Examples:
    """Return coefficients and the flows that they lead to; equal streams give equal ones."""
    generator = dice(_SEED, *stream, task_seed=task_seed)
    coefficients = np.where(_fields(count, generator) > 0, HIGH, LOW)
    flows = np.empty_like(coefficients)
    for start in range(0, count, _CHUNK):
        part = slice(start, start + _CHUNK)
        flows[part] = solve(coefficients[part], np.ones_like(coefficients[part]))
    return Examples(coefficients[:, None].astype(np.float32), flows[:, None].astype(np.float32))


def _fields(count: int, generator: np.random.Generator) -> Fields:
    """Return smooth random fields `(N, 32, 32)`, whole numbers of no particular unit."""
    waves = np.arange(_WAVES)
    middles = (np.arange(SIDE) + 0.5) / SIDE
    cosines = np.rint(np.cos(np.pi * waves[:, None] * middles) * _SCALE)  # (waves, cells)
    decay = 1 / (np.pi**2 * (waves[:, None] ** 2 + waves**2) + 9.0)  # (waves, waves)
    decay[0, 0] = 0.0
    chances = generator.integers(-256, 256, size=(_CHANCES, count, _WAVES, _WAVES)).sum(axis=0)
    # Below 2^52 with every sum, so exact in float64, whoever adds up in which order.
    return cosines.T @ np.rint(chances * (decay * _SCALE)) @ cosines  # (N, cells, cells)
