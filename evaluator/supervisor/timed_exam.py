"""An exam that keeps the time of each answer.

This module does *not* know processes or channels.
"""

from __future__ import annotations

import time

from evaluator.supervisor.exam import Exam


class TimedExam(Exam):
    """An exam whose answers are timed, from the question's making to the answer's marking.

    Attributes:
        seconds: The time of each answer so far.
    """

    seconds: tuple[float, ...] = ()
    _asked = 0.0

    def next_question(self) -> bytes:
        """Return the next question, and start the clock."""
        question = super().next_question()
        self._asked = time.perf_counter()
        return question

    def mark(self, answer: bytes) -> None:
        """Stop the clock and mark the answer.

        Raises:
            WrongAnswer: It does not answer the last question.
        """
        taken = time.perf_counter() - self._asked
        super().mark(answer)
        self.seconds = (*self.seconds, taken)
