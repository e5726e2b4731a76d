"""The evaluator that judges cells by the weights they inherit from a supernet. Read this first.

    candidate -> the operators of its cell -> the supernet's process -> validation accuracy

The supernet is trained once, when the `with` block is entered, and kept on disk; a candidate then costs a
pass over a few images. Its accuracy speaks of that supernet: compare it with no trained network's.

No program is run: what a candidate computes is known from its point. So it counts no parameters and no
FLOPs, and records no graph. It does *not* read the test split.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, Stage
from evaluator.errors import TaskDataError
from evaluator.supernet.config import SupernetConfig
from evaluator.supernet.process import SupernetProcess
from evaluator.supervisor.verdict import grade, no_code, unknown
from evaluator.tasks import task_spec

CellOf = Callable[[Candidate], Sequence[str] | None]
"""Returns the operators of a candidate's cell, None where it is none of the space."""


class SupernetEvaluator:
    """Judges cells by inherited weights. A context manager; `evaluate` works inside the `with` block.

    Args:
        config: The supernet.
        cell_of: Knows the candidates' cells.
        home: Directory where trained supernets are kept, by their content keys.

    Raises:
        TaskDataError: The task is no single-label task of images.
    """

    tier = None
    """No program runs, so none is contained."""
    isolation = "none needed: networks inherit a supernet's weights, and no program runs"
    """How programs are contained, in a line for people."""

    def __init__(self, config: SupernetConfig, cell_of: CellOf, home: Path) -> None:
        self.config = config
        self.task = task_spec(config.task)
        if not self.task.shape.plain:
            kind = f"{self.task.shape.kind}{' of signals' if self.task.shape.signal else ''}"
            raise TaskDataError(
                f"the task '{config.task}'",
                f"it is one of {kind}, and a supernet tells the classes of images apart",
                "Leave evaluator.supernet out, or choose a single-label task of images.",
            )
        self.protocol_id = f"supernet:{self.task.id}/{config.name}"
        """Names all that an accuracy depends on."""
        self._cell_of, self._home = cell_of, home
        self._process: SupernetProcess | None = None

    def __enter__(self) -> Self:
        """Train the supernet, which takes minutes, or load it.

        Raises:
            SandboxError: Its process ended.
        """
        self._process = SupernetProcess(self.config, self._home)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def evaluate(
        self, candidates: Iterable[Candidate | None], _stop: object = None
    ) -> Generator[Evaluation, None, None]:
        """Yield one evaluation for each candidate, in order; None among these says that there is none yet.

        Raises:
            SandboxError: The supernet's process is gone.
        """
        if self._process is None:
            raise RuntimeError("evaluate() works inside the evaluator's `with` block")
        for candidate in candidates:
            if candidate is not None:
                yield self._judge(self._process, candidate)

    def _judge(self, process: SupernetProcess, candidate: Candidate) -> Evaluation:
        if candidate.source is None:
            return no_code(candidate, self.protocol_id)
        cell = self._cell_of(candidate)
        if cell is None:
            error = "it is no cell of the supernet's space, and inherits no weights"
            return unknown(candidate, self.protocol_id, error)
        accuracy, bar = process.accuracy(cell), self.config.below_chance_factor * self.task.chance
        status, said = grade(accuracy, bar)
        return Evaluation(
            candidate_id=candidate.id,
            protocol_id=self.protocol_id,
            status=status,
            stage=Stage.DONE,
            accuracy=accuracy,
            error=said,
        )
