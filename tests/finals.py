"""Small real runs for tests of the final waves: programs that can be trained, judged by numbers made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from corpus.config import CorpusConfig
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from cycles.config.run import RunConfig
from cycles.final.settings import FinalSettings
from evaluator.config import EvaluatorConfig
from evaluator.tasks import Examples, Task, load_task
from generator.slots.space import SlotSpace
from tests.evaluator_programs import INIT, program
from tests.ledgers import candidate, prompt
from tests.runs import new_run

CONFIG = RunConfig(
    cycles=1,
    candidates=3,
    corpus=CorpusConfig(min_accuracy=0.0),
    evaluator=EvaluatorConfig(task="digits-clean", batch_size=32, workers=1, isolation="auto"),
)
QUICK = FinalSettings(top=2, epochs=2, seeds=2)
NARROW, WIDE = program(), program(init=INIT.replace("8", "12"))


def judged_run(
    path: Path,
    programs: Sequence[tuple[str, float | None]],
    config: RunConfig = CONFIG,
    operators: Sequence[str] = (),
) -> Path:
    """Write a run of one cycle whose programs the search has judged so; None makes an invalid one.

    With operators they are choices of slots that came about so, as AgentNAS proposes them.
    """
    directory = new_run(path, config.model_copy(update={"candidates": len(programs)}))
    with LedgerWriter.open(directory.ledger_file) as ledger:
        ledger.add_prompts(0, [prompt(0, index) for index in range(len(programs))])
        rows = [candidate(0, index, source) for index, (source, _) in enumerate(programs)]
        if operators:
            told = [{"generator": SlotSpace.author, "operator": each} for each in operators]
            rows = [row.model_copy(update=each) for row, each in zip(rows, told, strict=True)]
        ledger.add_candidates(rows)
        for row, (_, accuracy) in zip(rows, programs, strict=True):
            valid = accuracy is not None
            judged = Evaluation(
                candidate_id=row.id,
                protocol_id="digits-clean-v1/e1/b32/s0/p00000000",
                status=EvaluationStatus.COMPLETE if valid else EvaluationStatus.SHAPE_ERROR,
                stage=Stage.DONE if valid else Stage.FORWARD,
                accuracy=accuracy,
                parameters=1000 if valid else None,
                wall_seconds=1.0,
            )
            ledger.add_judgement(judged, decide(judged, None, config.corpus))
        ledger.complete_cycle(0)
    return path


@dataclass(frozen=True)
class WatchedTask(Task):
    """A task that notes each reading of its test split, and may refuse it."""

    readings: list[str] = field(default_factory=list)
    poisoned: bool = False

    def read_test(self) -> Examples:
        self.readings.append("read")
        if self.poisoned:
            raise PoisonTaken
        return super().read_test()


class PoisonTaken(Exception):
    """Somebody has read a test split that nobody may read."""


class Poison:
    """Stands in a test split's place: whoever looks at any part of it is found out."""

    def __getattribute__(self, name: str) -> Any:
        raise PoisonTaken(name)

    def __len__(self) -> int:
        raise PoisonTaken


def watched(*, poisoned: bool = False, test: Examples | None = None) -> WatchedTask:
    """Return the task of the small runs, watched; its test split replaced by another one or by poison."""
    task = load_task("digits-clean")
    split: Any = Poison() if poisoned else test or task.read_test()
    parts = {name: getattr(task, name) for name in ("spec", "train", "val", "mean", "std")}
    return WatchedTask(**parts, _test=split, poisoned=poisoned)


def all_wrong() -> Examples:
    """Return the test split with each label replaced by the next class."""
    split = load_task("digits-clean").read_test()
    return replace(split, targets=(split.targets + 1) % 10)
