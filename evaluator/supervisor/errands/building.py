"""The talk up to a checked network, which every job with a program begins with.

    source ->   lint, import, init, forward, <- built, graph

Every claim is checked against what may come at this point; anything else is a `ProtocolBreach` and the end.

This module does *not* know what becomes of the network.
"""

from __future__ import annotations

from typing import ClassVar

from corpus.records.evaluations import Stage
from corpus.records.graphs import NetworkGraph
from evaluator.channel.framing import Frame
from evaluator.channel.graph_parts import GraphAssembly, NotAGraph
from evaluator.channel.messages import Built, Claim, Failed, GraphPart, NoDevice, StageReached
from evaluator.supervisor.errands.talk import ProtocolBreach, claim_in, source_frame

BUILDING_STAGES = (Stage.LINT, Stage.IMPORT, Stage.INIT, Stage.FORWARD)


class BuildingTalk:
    """What is known of one program while its process builds the network.

    Attributes:
        stages: The stages of the job, in order.
        stage: The stage that the process says it is in.
        built: Its parameters and FLOPs, once it said so.
        graph: Its network, once it is sent to the end; a network too large to be recorded is not sent.
        failure: Its own report of a failure.
        no_device: Why the device that it was to run on did not start.
    """

    stages: ClassVar[tuple[Stage, ...]] = BUILDING_STAGES

    def __init__(self, source: str) -> None:
        self.stage = Stage.LINT
        self.built: Built | None = None
        self.graph: NetworkGraph | None = None
        self.failure: Failed | None = None
        self.no_device: str | None = None
        self._source = source
        self._assembly = GraphAssembly()
        self._announced = 0

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to hear."""
        return self.failure is not None or self.no_device is not None

    def opening(self) -> bytes:
        """Return the bytes that begin the talk: the source."""
        return source_frame(self._source)

    def receive(self, frame: Frame) -> bytes:
        """Take in one frame and return the bytes to answer with, which may be none.

        Raises:
            ProtocolBreach: The frame may not come at this point.
        """
        if self.finished:
            raise ProtocolBreach("a frame after the end")
        return self._on_frame(frame)

    def _on_frame(self, frame: Frame) -> bytes:
        return self._on_claim(claim_in(frame))

    def _on_claim(self, claim: Claim) -> bytes:
        match claim:
            case StageReached():
                return self._on_stage(claim.stage)
            case Built() if self.stage is Stage.FORWARD and self.built is None:
                self.built = claim
            case GraphPart() if self.stage is Stage.FORWARD and self.built is not None:
                self._on_graph_part(claim)
            case NoDevice() if not self._announced:
                self.no_device = claim.error
            case Failed() if self._announced:
                self.failure = claim
            case _:
                raise ProtocolBreach(f"'{claim.event}' in stage {self.stage}")
        return b""

    def _may_enter(self, stage: Stage) -> bool:
        """Whether all has been claimed that has to be before `stage`."""
        return stage is not Stage.LEARN or self.built is not None

    def _on_stage(self, stage: Stage) -> bytes:
        due = self.stages[self._announced] if self._announced < len(self.stages) else None
        if stage is not due or not self._may_enter(stage):
            raise ProtocolBreach(f"stage {stage} after stage {self.stage}")
        self.stage = stage
        self._announced += 1
        return b""

    def _on_graph_part(self, part: GraphPart) -> None:
        try:
            self._assembly.add(part)
        except NotAGraph as error:
            raise ProtocolBreach(str(error)) from None
        self.graph = self._assembly.graph
