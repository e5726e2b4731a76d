"""The supervisor's half of the final waves' jobs.

    training     source ->   as an evaluation, up to   learn, <- trained, declared, file
    measuring    source, weights ->   up to   forward   predict, images -> <- ids
    converting   source, weights ->   up to   forward, <- file

A file comes in frames, is bounded as it grows, and counts only once its end was said.

This module does *not* look into files.
"""

from __future__ import annotations

from typing import ClassVar

from corpus.records.evaluations import Stage
from evaluator.channel.framing import Frame, Kind, encode
from evaluator.channel.messages import Claim, Declared, Errand, FileSent, Trained
from evaluator.supervisor.conversation import Conversation
from evaluator.supervisor.errands.building import BUILDING_STAGES, BuildingTalk
from evaluator.supervisor.errands.talk import ProtocolBreach
from evaluator.supervisor.timed_exam import TimedExam


class FileTalk(BuildingTalk):
    """A talk at whose end stands a file that the child sends.

    Attributes:
        file: The file, once it was sent to its end.

    Args:
        source: The program.
        limit: Most bytes of the file.
    """

    def __init__(self, source: str, limit: int) -> None:
        super().__init__(source)
        self.file: bytes | None = None
        self._received, self._limit = bytearray(), limit

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to hear."""
        return super().finished or self.file is not None

    def _may_send(self) -> bool:
        """Whether all has been claimed that comes before the file."""
        return self.built is not None

    def _on_frame(self, frame: Frame) -> bytes:
        if frame.kind is not Kind.FILE:
            return super()._on_frame(frame)
        if not self._may_send():
            raise ProtocolBreach(f"a part of a file in stage {self.stage}")
        self._received += frame.payload
        if len(self._received) > self._limit:
            raise ProtocolBreach(f"a file of more than {self._limit:,} bytes")
        return b""

    def _on_claim(self, claim: Claim) -> bytes:
        if isinstance(claim, FileSent) and self._may_send():
            self.file = bytes(self._received)
            return b""
        return super()._on_claim(claim)


class TrainingTalk(FileTalk):
    """A training, whose weights leave at its end.

    Attributes:
        trained: Its training loss and how it used the images, once it said so.
        declared: The hyperparameters that the program says it supports, once it said so.
    """

    errand: ClassVar[Errand] = Errand.EXPORT
    stages: ClassVar[tuple[Stage, ...]] = (*BUILDING_STAGES, Stage.LEARN)

    def __init__(self, source: str, limit: int) -> None:
        super().__init__(source, limit)
        self.trained: Trained | None = None
        self.declared: tuple[str, ...] | None = None

    def _may_send(self) -> bool:
        return self.declared is not None

    def _on_claim(self, claim: Claim) -> bytes:
        match claim:
            case Trained() if self.stage is Stage.LEARN and self.trained is None:
                self.trained = claim
            case Declared() if self.trained is not None and self.declared is None:
                self.declared = claim.names
            case _:
                return super()._on_claim(claim)
        return b""


class ConvertingTalk(FileTalk):
    """The conversion of a network with the weights given."""

    errand: ClassVar[Errand] = Errand.CONVERT

    def __init__(self, source: str, weights: bytes, limit: int) -> None:
        super().__init__(source, limit)
        self._weights = weights

    def opening(self) -> bytes:
        """Return the bytes that begin the talk: the source and the weights."""
        return super().opening() + encode(Kind.FILE, self._weights)

    def _may_send(self) -> bool:
        return self.stage is Stage.FORWARD and super()._may_send()


class MeasuringTalk(Conversation):
    """An exam of a network with the weights given; nothing is trained.

    Attributes:
        exam: The exam, with the time of each answer.
    """

    errand: ClassVar[Errand] = Errand.RESTORE
    stages: ClassVar[tuple[Stage, ...]] = (*BUILDING_STAGES, Stage.PREDICT)

    def __init__(self, source: str, weights: bytes, exam: TimedExam) -> None:
        super().__init__(source, exam)
        self.exam, self._weights = exam, weights

    def opening(self) -> bytes:
        """Return the bytes that begin the talk: the source and the weights."""
        return super().opening() + encode(Kind.FILE, self._weights)

    def _may_enter(self, stage: Stage) -> bool:
        return stage is not Stage.PREDICT or self.built is not None
