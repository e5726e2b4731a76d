"""The solver of Darcy flow, against solutions that are known."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.tasks.generated.darcy import HIGH, LOW, draw_flows
from evaluator.tasks.generated.flow import Fields, solve


def middles(side: int) -> tuple[Fields, Fields]:
    """Return x and y of the cells' middles, `(1, n, n)`."""
    axis = (np.arange(side) + 0.5) / side
    x, y = np.broadcast_arrays(axis[None, None, :], axis[None, :, None])
    return x, y


def waves(x: Fields, y: Fields) -> Fields:
    return np.sin(np.pi * x) * np.sin(np.pi * y)


def error(side: int, *, variable: bool) -> float:
    """Return the relative L2 error at `u = sin(pi x) sin(pi y)`, for `a = 2` or `a = 1 + x + 2 x y`."""
    x, y = middles(side)
    u = waves(x, y)
    if variable:
        a = 1 + x + 2 * x * y
        u_x, u_y = (
            np.pi * np.cos(np.pi * x) * np.sin(np.pi * y),
            np.pi * np.sin(np.pi * x) * np.cos(np.pi * y),
        )
        source = 2 * np.pi**2 * a * u - (1 + 2 * y) * u_x - 2 * x * u_y
    else:
        a = np.full_like(u, 2.0)
        source = 4 * np.pi**2 * u
    return float(np.linalg.norm(solve(a, source) - u) / np.linalg.norm(u))


@pytest.mark.parametrize("variable", [False, True], ids=["constant", "variable"])
def test_the_error_falls_with_the_square_of_the_cells_side(variable: bool) -> None:
    errors = [error(side, variable=variable) for side in (8, 16, 32, 64)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert errors[-1] < 1e-3
    assert ((orders > 1.9) & (orders < 2.1)).all()


def test_a_jump_of_the_coefficient_is_solved_as_well_as_a_smooth_one() -> None:
    """`a` is 1 left and 9 right of the middle, where `u` has a kink and the flux goes through unchanged."""
    x, y = middles(64)
    a = np.where(x < 0.5, 1.0, 9.0)
    u = np.where(x < 0.5, 9.0, 1.0) * np.sin(2 * np.pi * x) * np.sin(np.pi * y)  # a u_x is continuous
    found = solve(a, 5 * np.pi**2 * a * u)
    assert np.linalg.norm(found - u) < 2e-3 * np.linalg.norm(u)


def test_what_flows_out_is_what_the_source_brings_in() -> None:
    a, u = (array[:, 0].astype(np.float64) for array in vars(draw_flows(4, (9,))).values())
    rims = ((a[:, 0], u[:, 0]), (a[:, -1], u[:, -1]), (a[:, :, 0], u[:, :, 0]), (a[:, :, -1], u[:, :, -1]))
    outflow = sum((2 * rim_a * rim_u).sum(axis=1) for rim_a, rim_u in rims)
    np.testing.assert_allclose(outflow, 1.0, rtol=1e-5)


def test_coefficients_have_two_values_and_a_mirrored_one_leads_to_the_mirrored_flow() -> None:
    drawn = draw_flows(6, (9,))
    assert set(np.unique(drawn.inputs).tolist()) == {LOW, HIGH}
    assert 0.3 < (drawn.inputs == HIGH).mean() < 0.7
    mirrored = solve(drawn.inputs[:, 0, :, ::-1].astype(np.float64), np.ones((6, 32, 32)))
    np.testing.assert_allclose(mirrored, drawn.targets[:, 0, :, ::-1], rtol=1e-5)


def test_an_equation_without_a_solution_is_not_passed_off_as_solved() -> None:
    with pytest.raises(RuntimeError, match="did not converge"):
        solve(np.full((1, 8, 8), np.nan), np.ones((1, 8, 8)))
