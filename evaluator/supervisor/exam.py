"""The questions put to a trained network, and the marking of its answers, on the supervisor's side.

The images of a split go out in an order that nobody can know without the split's labels, one batch at a time,
each with a random nonce that its answer must repeat: no answer can be sent before its question.

This module does *not* know processes or channels: it makes and takes bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import numpy as np

from evaluator.channel.framing import NONCE_BYTES
from evaluator.tasks import Examples


class WrongAnswer(ValueError):
    """Bytes that do not answer the question put: another nonce, another count, or no class id."""


class Exam:
    """One program's exam on one split.

    Args:
        split: Images and labels.
        classes: Number of classes.
        batch_size: Images in a question.
        topic: What the order depends on beside the labels: the protocol's id and the program. So a program
            gets the same order every time, and a reproducible accuracy even if it depends on the batches.
    """

    def __init__(self, split: Examples, *, classes: int, batch_size: int, topic: str) -> None:
        key = hmac.digest(
            split.targets.tobytes(), topic.encode("utf-8", errors="surrogatepass"), hashlib.sha256
        )
        order = np.random.Generator(np.random.PCG64(int.from_bytes(key))).permutation(len(split))
        self._images, self._labels = split.inputs[order], split.targets[order]
        self._classes, self._batch_size = classes, batch_size
        self._position = 0
        self._correct = 0
        self._nonce: bytes | None = None

    @property
    def accuracy(self) -> float | None:
        """Share of correct answers in [0, 1]; None until every question is answered."""
        if self._nonce is not None or self._position < len(self._labels):
            return None
        return self._correct / len(self._labels)

    def next_question(self) -> bytes:
        """Return a fresh nonce and the next batch of raw uint8 images; there must be one."""
        self._nonce = secrets.token_bytes(NONCE_BYTES)
        return self._nonce + self._images[self._position : self._position + self._batch_size].tobytes()

    def mark(self, answer: bytes) -> None:
        """Mark the answer to the last question.

        Raises:
            WrongAnswer: It does not answer that question.
        """
        truth = self._labels[self._position : self._position + self._batch_size]
        if self._nonce is None or not hmac.compare_digest(answer[:NONCE_BYTES], self._nonce):
            raise WrongAnswer("class ids that answer no question")
        if len(answer) != NONCE_BYTES + 2 * len(truth):
            raise WrongAnswer(f"{len(answer) - NONCE_BYTES} bytes of class ids for {len(truth)} images")
        predicted = np.frombuffer(answer, dtype="<u2", offset=NONCE_BYTES)
        if int(predicted.max()) > self._classes:  # their number itself stands for "none of them"
            raise WrongAnswer(f"class id {int(predicted.max())} of {self._classes} classes")
        self._correct += int((predicted == truth).sum())
        self._position += len(truth)
        self._nonce = None
