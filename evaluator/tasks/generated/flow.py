"""Solves `-div(a grad u) = f` on the unit square with `u = 0` on its boundary, for many fields `a` at once.

Finite volumes on a grid of n x n square cells, which for one `a` everywhere is the 5-point scheme: the flux
through the face of two cells is their difference times the harmonic mean of their `a`, that through a face of
the boundary uses the half cell to it. Where fields are smooth the error falls with the square of the cell's
side. The linear equations are solved by conjugate gradients with the diagonal as preconditioner (Saad,
"Iterative Methods for Sparse Linear Systems", 2nd edition, algorithm 9.1).

All arithmetic is elementwise, sums too: they are halved again and again, in an order of our own. So every
machine finds the same bits. This module does *not* draw fields.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Fields = NDArray[np.float64]
"""A number in each cell, `(N, n, n)`: rows are y, columns x, both at the cells' middles."""

TOLERANCE = 1e-8
"""Norm of what is left of the right side, by that of the right side."""


def solve(coefficient: Fields, source: Fields) -> Fields:
    """Return `u` in each cell.

    Args:
        coefficient: `a`, positive.
        source: `f`.

    Raises:
        RuntimeError: The iteration did not converge within ten steps for each cell of a row and column.
    """
    count, side, _ = coefficient.shape
    right, down = _faces(coefficient), _faces(coefficient.transpose(0, 2, 1)).transpose(0, 2, 1)
    diagonal = right[:, :, :-1] + right[:, :, 1:] + down[:, :-1] + down[:, 1:]
    residual = source / (side * side)  # fluxes are balanced cell by cell, of the area 1 / n^2
    found = np.zeros_like(residual)
    enough = TOLERANCE * TOLERANCE * _sum(residual * residual)
    direction = scaled = residual / diagonal
    before = _sum(residual * scaled)
    for _ in range(20 * side):
        through = _apply(direction, diagonal, right, down)
        step = before / np.maximum(_sum(direction * through), np.finfo(np.float64).tiny)
        found = found + step * direction
        residual = residual - step * through
        if (_sum(residual * residual) <= enough).all():
            return found
        scaled = residual / diagonal
        after = _sum(residual * scaled)
        direction = scaled + (after / np.maximum(before, np.finfo(np.float64).tiny)) * direction
        before = after
    raise RuntimeError(f"{count} flows on {side}x{side} cells did not converge")


def _faces(coefficient: Fields) -> Fields:
    """Return what conducts through the faces that part the cells of each row, `(N, n, n + 1)`."""
    left, right = coefficient[:, :, :-1], coefficient[:, :, 1:]
    between = 2 * left * right / (left + right)
    return np.concatenate([2 * coefficient[:, :, :1], between, 2 * coefficient[:, :, -1:]], axis=2)


def _apply(field: Fields, diagonal: Fields, right: Fields, down: Fields) -> Fields:
    through = diagonal * field
    through[:, :, 1:] -= right[:, :, 1:-1] * field[:, :, :-1]
    through[:, :, :-1] -= right[:, :, 1:-1] * field[:, :, 1:]
    through[:, 1:] -= down[:, 1:-1] * field[:, :-1]
    through[:, :-1] -= down[:, 1:-1] * field[:, 1:]
    return through


def _sum(fields: Fields) -> Fields:
    """Return the sum of each field, `(N, 1, 1)`."""
    rest = fields.reshape(len(fields), -1)
    while rest.shape[1] > 1:
        half = rest.shape[1] // 2
        odd = rest[:, 2 * half :]
        rest = np.concatenate([rest[:, :half] + rest[:, half : 2 * half], odd], axis=1)
    return rest[:, :, None]
