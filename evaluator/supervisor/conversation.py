"""The supervisor's half of the talk with a program's process, as a state machine over frames.

    source ->   lint, import, init, forward, <- built, graph   learn, <- trained   predict, images -> <- ids

Every frame is checked against what may come at this point; anything else is a `ProtocolBreach` and the end.

This module does *not* touch descriptors, keep time, or trust anything it hears but the marked answers.
"""

from __future__ import annotations

from pydantic import ValidationError

from corpus.records.evaluations import Stage
from corpus.records.graphs import NetworkGraph
from evaluator.channel.framing import Frame, Kind, encode
from evaluator.channel.graph_parts import GraphAssembly, NotAGraph
from evaluator.channel.messages import Built, Failed, GraphPart, StageReached, Trained, claim_adapter
from evaluator.supervisor.exam import Exam, WrongAnswer

_STAGES = (Stage.LINT, Stage.IMPORT, Stage.INIT, Stage.FORWARD, Stage.LEARN, Stage.PREDICT)


class ProtocolBreach(ValueError):
    """A frame that may not come, or not now."""


class Conversation:
    """What is known of one program while its process runs.

    Attributes:
        stage: The stage that the process says it is in.
        built: Its parameters and FLOPs, once it said so.
        graph: Its network, once it is sent to the end; a network too large to be recorded is not sent.
        trained: Its training loss and how it used the images, once it said so.
        failure: Its own report of a failure.
        accuracy: The share of correct answers, once all are marked.
    """

    def __init__(self, source: str, exam: Exam) -> None:
        self.stage = Stage.LINT
        self.built: Built | None = None
        self.graph: NetworkGraph | None = None
        self.trained: Trained | None = None
        self.failure: Failed | None = None
        self.accuracy: float | None = None
        self._source, self._exam = source, exam
        self._assembly = GraphAssembly()
        self._announced = 0

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to hear."""
        return self.failure is not None or self.accuracy is not None

    def opening(self) -> bytes:
        """Return the bytes that begin the talk: the source."""
        return encode(Kind.SOURCE, self._source.encode("utf-8", errors="surrogatepass"))

    def receive(self, frame: Frame) -> bytes:
        """Take in one frame and return the bytes to answer with, which may be none.

        Raises:
            ProtocolBreach: The frame may not come at this point.
        """
        if self.finished:
            raise ProtocolBreach("a frame after the end")
        if frame.kind is Kind.CLASSES:
            return self._on_answer(frame.payload)
        if frame.kind is Kind.JSON:
            return self._on_claim(frame.payload)
        raise ProtocolBreach(f"a frame of kind {frame.kind.name}")

    def _on_claim(self, payload: bytes) -> bytes:
        try:
            claim = claim_adapter.validate_json(payload)
        except ValidationError as error:
            raise ProtocolBreach(f"a message outside of the vocabulary: {error.errors()[0]['msg']}") from None
        match claim:
            case StageReached():
                return self._on_stage(claim.stage)
            case Built() if self.stage is Stage.FORWARD and self.built is None:
                self.built = claim
            case GraphPart() if self.stage is Stage.FORWARD and self.built is not None:
                self._on_graph_part(claim)
            case Trained() if self.stage is Stage.LEARN and self.trained is None:
                self.trained = claim
            case Failed() if self._announced:
                self.failure = claim
            case _:
                raise ProtocolBreach(f"'{claim.event}' in stage {self.stage}")
        return b""

    def _on_stage(self, stage: Stage) -> bytes:
        due = _STAGES[self._announced] if self._announced < len(_STAGES) else None
        ready = {Stage.LEARN: self.built is not None, Stage.PREDICT: self.trained is not None}
        if stage is not due or not ready.get(stage, True):
            raise ProtocolBreach(f"stage {stage} after stage {self.stage}")
        self.stage = stage
        self._announced += 1
        return self._question() if stage is Stage.PREDICT else b""

    def _on_graph_part(self, part: GraphPart) -> None:
        try:
            self._assembly.add(part)
        except NotAGraph as error:
            raise ProtocolBreach(str(error)) from None
        self.graph = self._assembly.graph

    def _on_answer(self, payload: bytes) -> bytes:
        try:
            self._exam.mark(payload)
        except WrongAnswer as error:
            raise ProtocolBreach(str(error)) from None
        self.accuracy = self._exam.accuracy
        return b"" if self.finished else self._question()

    def _question(self) -> bytes:
        return encode(Kind.IMAGES, self._exam.next_question())
