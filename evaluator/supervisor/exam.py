"""The questions put to a trained network, and the marking of its answers, on the supervisor's side.

The inputs of a split go out in an order that nobody can know without the split's targets, one batch at a
time, each with a random nonce that its answer must repeat: no answer can be sent before its question.

This module does *not* know processes or channels: it makes and takes bytes. What answers are worth says
`evaluator.metrics`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import numpy as np

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.channel.framing import FRAME_LIMIT, NONCE_BYTES, Kind
from evaluator.channel.layout import answer_bytes, names_classes
from evaluator.metrics import marker
from evaluator.supervisor.marking.answers import WrongAnswer, read_answers
from evaluator.supervisor.marking.units import TargetUnit
from evaluator.tasks import Examples


class Exam:
    """One program's exam on one split.

    Args:
        split: Inputs and targets.
        shape: The kind of task and its shapes.
        batch_size: Inputs in a question.
        topic: What the order depends on beside the targets: the protocol's id and the program. So a program
            gets the same order every time, and a reproducible score even if it depends on the batches.
        unit: The unit of the answers of a regression; None where they are in that of the targets.
    """

    def __init__(
        self,
        split: Examples,
        shape: TaskShape,
        *,
        batch_size: int,
        topic: str,
        unit: TargetUnit | None = None,
    ) -> None:
        key = hmac.digest(
            split.targets.tobytes(), topic.encode("utf-8", errors="surrogatepass"), hashlib.sha256
        )
        self._order = np.random.Generator(np.random.PCG64(int.from_bytes(key))).permutation(len(split))
        self._split, self._shape, self._batch_size, self._unit = split, shape, batch_size, unit
        self._marker = marker(shape.kind)
        self._position = 0
        self._score: float | None = None
        self._nonce: bytes | None = None
        self._heard = bytearray()

    @property
    def accuracy(self) -> float | None:
        """The score in [0, 1], of single-label tasks the share of correct answers; None until every question
        is answered.
        """
        return self._score

    @property
    def frames(self) -> Kind:
        """Of which kind the frames of an answer are: one with class ids, or several with its parts."""
        return Kind.CLASSES if self._shape.kind is TaskKind.SINGLE_LABEL else Kind.ANSWER

    def next_question(self) -> bytes:
        """Return a fresh nonce and the next batch of raw inputs; there must be one."""
        self._nonce = secrets.token_bytes(NONCE_BYTES)
        return self._nonce + self._split.inputs[self._batch].tobytes()

    def hear(self, part: bytes) -> bool:
        """Take in what one frame holds of the answer to the last question.

        Every part but the last has the full length of a frame, so an answer has no more parts than it needs,
        and no more is ever held than a whole answer and the part that ends it.

        Returns:
            Whether the answer is whole, and so marked.

        Raises:
            WrongAnswer: It does not answer that question.
        """
        self._heard += part
        wanted = NONCE_BYTES + len(self._batch) * answer_bytes(self._shape)
        begun = self._nonce is not None and hmac.compare_digest(self._heard[:NONCE_BYTES], self._nonce)
        if begun and len(part) == FRAME_LIMIT and len(self._heard) < wanted:
            return False
        answer, self._heard = bytes(self._heard), bytearray()
        self.mark(answer)
        return True

    def mark(self, answer: bytes) -> None:
        """Mark the answer to the last question.

        Raises:
            WrongAnswer: It does not answer that question.
        """
        if self._nonce is None or not hmac.compare_digest(answer[:NONCE_BYTES], self._nonce):
            what = "class ids" if names_classes(self._shape.kind) else "numbers"
            raise WrongAnswer(f"{what} that answer no question")
        batch = self._batch
        answers = read_answers(answer[NONCE_BYTES:], len(batch), self._shape)
        if self._unit is not None:
            answers = self._unit.restored(answers)
        self._marker.mark(answers, self._split.targets[batch])
        self._position += len(batch)
        self._nonce = None
        if self._position == len(self._order):
            self._score = self._marker.score

    @property
    def _batch(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Which examples the last question has, or will have."""
        return self._order[self._position : self._position + self._batch_size]
