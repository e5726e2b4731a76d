"""The supervisor's half of an evaluation's talk with a program's process, as a state machine over frames.

    source ->  lint, import, init, forward, <- built, graph  learn, <- trained  predict, inputs -> <- answers

Behind the exam, single inputs may follow whose answers are timed (`latency_seconds`).

Every frame is checked against what may come at this point; anything else is a `ProtocolBreach` and the end.

This module does *not* touch descriptors, keep time, or trust anything it hears but the marked answers.
"""

from __future__ import annotations

import statistics
from typing import ClassVar

from corpus.records.evaluations import Stage
from evaluator.channel.framing import Frame, Kind, encode
from evaluator.channel.messages import Claim, Errand, Stopped, Trained
from evaluator.channel.stopping import StopRule
from evaluator.supervisor.errands.building import BUILDING_STAGES, BuildingTalk
from evaluator.supervisor.errands.talk import ProtocolBreach
from evaluator.supervisor.exam import Exam
from evaluator.supervisor.marking.answers import WrongAnswer
from evaluator.supervisor.timed_exam import TimedExam


class Conversation(BuildingTalk):
    """What is known of one program while its process runs.

    Attributes:
        trained: Its training loss and how it used the images, once it said so.
        stop: When its training is ended early; None for never.
        stopped: Its training loss up to where that was ended.
        accuracy: The score in [0, 1], once all answers are marked; of single-label tasks the share of correct
            ones.
    """

    errand: ClassVar[Errand] = Errand.EVALUATE
    stages: ClassVar[tuple[Stage, ...]] = (*BUILDING_STAGES, Stage.LEARN, Stage.PREDICT)

    def __init__(
        self, source: str, exam: Exam, timing: TimedExam | None = None, stop: StopRule | None = None
    ) -> None:
        """Talk with the process of `source`, examine it, and time the answers to `timing` behind that."""
        super().__init__(source)
        self.stop = stop
        self.stopped: Stopped | None = None
        self.trained: Trained | None = None
        self.accuracy: float | None = None
        self._exam, self._timing = exam, timing

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to hear."""
        timed = self._timing is None or self._timing.accuracy is not None
        return super().finished or self.stopped is not None or (self.accuracy is not None and timed)

    @property
    def latency_seconds(self) -> float | None:
        """The median time of an answer to one image; None where none was timed, or not to the end."""
        timing = self._timing
        return statistics.median(timing.seconds) if timing and timing.accuracy is not None else None

    def _on_frame(self, frame: Frame) -> bytes:
        answers = frame.kind is self._exam.frames
        return self._on_answer(frame.payload) if answers else super()._on_frame(frame)

    def _on_claim(self, claim: Claim) -> bytes:
        if isinstance(claim, Trained) and self.stage is Stage.LEARN and self.trained is None:
            self.trained = claim
            return b""
        if isinstance(claim, Stopped) and self.stage is Stage.LEARN and self.trained is None and self.stop:
            self.stopped = claim
            return b""
        return super()._on_claim(claim)

    def _may_enter(self, stage: Stage) -> bool:
        return super()._may_enter(stage) and (stage is not Stage.PREDICT or self.trained is not None)

    def _on_stage(self, stage: Stage) -> bytes:
        super()._on_stage(stage)
        return self._question() if stage is Stage.PREDICT else b""

    def _on_answer(self, payload: bytes) -> bytes:
        exam = self._asking
        try:
            if not exam.hear(payload):
                return b""
        except WrongAnswer as error:
            raise ProtocolBreach(str(error)) from None
        self.accuracy = self._exam.accuracy
        return b"" if self.finished else self._question()

    @property
    def _asking(self) -> Exam:
        return self._exam if self.accuracy is None or self._timing is None else self._timing

    def _question(self) -> bytes:
        return encode(Kind.IMAGES, self._asking.next_question())
