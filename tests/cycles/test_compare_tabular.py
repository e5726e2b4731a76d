"""The comparison over a table: whoever knows what is good finds it sooner, through the driver of a run."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import pytest

from corpus.records.base import content_id
from cycles.config.run import load_config
from cycles.parts import space_of
from evaluator.tables.table import Table, TableHead, TableRow
from scripts.compare_tabular import ARMS, run

QUERIES = 40


@pytest.fixture(scope="module")
def table() -> Table:
    """A table that nobody trained: a network is the better the more terms it has."""
    space: Any = space_of(load_config("cpu-tiny", ["strategy.space=cells-3", "corpus.novelty=key"]))
    rows = []
    for point in space.points():
        program, key = content_id(space.render(point)), space.key(point)
        accuracy = 0.3 + 0.1 * key.count("(") + 0.01 * (len(key) % 7)
        rows.append(
            TableRow(
                point=space.encode(point), key=key, program=program, validation=(accuracy,), parameters=1,
                flops=1, cpu_seconds=1.0,
            )
        )  # fmt: skip
    head = TableHead(
        name="cells-3-digits", space="cells-3", task="digits-v1", protocols=("made up",), chance=0.1,
        below_chance_factor=1.2, versions={},
    )  # fmt: skip
    return Table(head, tuple(rows), "0" * 8)


def areas(name: str, table: Table) -> list[float]:
    test = {row.key: row.validation[0] for row in table.rows}
    return [fmean(run(ARMS[name], seed, table, test, QUERIES).curve) for seed in range(3)]


@pytest.mark.parametrize("name", ["informed", "rule"])
def test_a_search_that_learns_is_above_random_search(name: str, table: Table) -> None:
    assert fmean(areas(name, table)) > fmean(areas("random", table))


def test_equal_seeds_give_equal_curves_and_a_curve_never_falls(table: Table) -> None:
    first, second = (run(ARMS["rule"], 0, table, {row.key: 0.5 for row in table.rows}, QUERIES) for _ in "ab")
    assert first == second
    assert first.curve == sorted(first.curve) and len(first.curve) == QUERIES
    assert first.distinct == QUERIES
