"""How the rows of a table come about: trained in the sandbox, on both splits in one exam.

A network answers the validation split first, under the very exam of a search, and the test split after it,
so that one training gives both accuracies. Only the first is the evaluation's.

This module does *not* search: it is for making a table, and for checking one.
"""

from __future__ import annotations

from corpus.records.candidates import Candidate
from corpus.records.tasks.kinds import TaskKind
from evaluator.channel.framing import Kind
from evaluator.config import EvaluatorConfig
from evaluator.errors import TaskDataError
from evaluator.supervisor.exam import Exam
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import load_task, resized


class TwoExams(Exam):
    """An exam on one split, and another behind it. What counts is the first."""

    def __init__(self, first: Exam, second: Exam) -> None:
        self.first, self.second = first, second

    @property
    def frames(self) -> Kind:
        """Of which kind the frames of an answer are."""
        return self.first.frames

    @property
    def accuracy(self) -> float | None:
        """The first exam's accuracy, None until both are over."""
        return None if self.second.accuracy is None else self.first.accuracy

    def next_question(self) -> bytes:
        """Return the next question of the first exam that is not over."""
        return self._current.next_question()

    def hear(self, part: bytes) -> bool:
        """Take in the answer to the last question."""
        return self._current.hear(part)

    @property
    def _current(self) -> Exam:
        return self.first if self.first.accuracy is None else self.second


class TableTrainer(SandboxedEvaluator):
    """The sandbox as a search has it, that asks for the test split too.

    Args:
        config: The protocol.

    Raises:
        TaskDataError: The task asks for more than a class: a table holds accuracies.
    """

    def __init__(self, config: EvaluatorConfig) -> None:
        task = load_task(config.task, config.data_path, task_seed=config.task_seed)
        if task.shape.kind is not TaskKind.SINGLE_LABEL:
            raise TaskDataError(
                f"the task '{config.task}'",
                f"it is one of {task.shape.kind}, and a table holds accuracies",
                "Choose a single-label task.",
            )
        super().__init__(config, task=task)
        self._test = resized(task.read_test(), config.resize)
        self._exams: dict[str, TwoExams] = {}

    def exam_for(self, candidate: Candidate) -> Exam:
        """Return the exam on both splits."""
        test = Exam(
            self._test,
            self.task.shape,
            batch_size=self.config.predict_batch_size,
            topic=f"{self.protocol_id}/test\n{candidate.source}",
        )
        self._exams[candidate.id] = TwoExams(super().exam_for(candidate), test)
        return self._exams[candidate.id]

    def test_accuracy(self, candidate: Candidate) -> float | None:
        """Return the test accuracy of a candidate that was evaluated, None where it never answered."""
        return self._exams[candidate.id].second.accuracy
