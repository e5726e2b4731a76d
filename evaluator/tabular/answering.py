"""The evaluator that answers from a table: what the sandbox would have found, in microseconds.

A candidate is known by its program's text. Which of the table's seeds answers is drawn from the run's seed
and the candidate's id, so a run hears the noise that it would have heard, and hears the same when resumed.

It does *not* train, run or read a program, and holds no test accuracy.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Self

from corpus.records.base import content_id, derive_seed
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, Stage
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.verdict import grade, no_code, unknown
from evaluator.tables.catalogue import table_file, table_spec
from evaluator.tables.table import Table, read_table


class TabularEvaluator:
    """Judges the candidates that a table holds. A context manager, as the sandbox is; it holds nothing open.

    Args:
        table: The table.
        seed: The run's seed.
    """

    tier = None
    """No program runs, so none is contained."""

    def __init__(self, table: Table, *, seed: int) -> None:
        head = table.head
        self.isolation = f"none needed: answers come from the table '{head.name}', and no program runs"
        """How programs are contained, in a line for people."""
        self.protocol_id = f"table:{head.name}-{table.fingerprint}/{head.protocols[0]}"
        """Names all that an accuracy depends on: the table, and the first of the protocols in it."""
        self._head, self._seed = head, seed
        self._rows = {row.program: row for row in table.rows}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""

    def evaluate(
        self, candidates: Iterable[Candidate | None], _stop: object = None
    ) -> Generator[Evaluation, None, None]:
        """Yield one evaluation for each candidate, in order; None among these says that there is none yet."""
        for candidate in candidates:
            if candidate is not None:
                yield self._look_up(candidate)

    def _look_up(self, candidate: Candidate) -> Evaluation:
        if candidate.source is None:
            return no_code(candidate, self.protocol_id)
        row = self._rows.get(content_id(candidate.source))
        if row is None:
            error = (
                f"the table '{self._head.name}' holds the programs of the space '{self._head.space}' alone"
            )
            return unknown(candidate, self.protocol_id, error)
        drawn = derive_seed(self._seed, "table", candidate.id) % len(row.validation)
        accuracy, bar = row.validation[drawn], self._head.below_chance_factor * self._head.chance
        status, said = grade(accuracy, bar)
        return Evaluation(
            candidate_id=candidate.id,
            protocol_id=self.protocol_id,
            status=status,
            stage=Stage.DONE,
            accuracy=accuracy,
            cpu_seconds=row.cpu_seconds,
            parameters=row.parameters,
            flops=row.flops,
            error=said,
        )


def build_tabular(config: EvaluatorConfig, *, seed: int) -> TabularEvaluator:
    """Return the evaluator that answers from the table of `config`.

    Args:
        config: Its `table` names the table.
        seed: The run's seed.

    Raises:
        UnknownTableError: There is no such table.
    """
    if config.table is None:
        raise ValueError("the configuration names no table")
    table_spec(config.table)
    return TabularEvaluator(read_table(table_file(config.table)), seed=seed)
