"""The supervisor's half of a probe: a talk that ends with the checked network, and its record.

This module does *not* believe more of a probe than of an evaluation: sizes, shape and graph are claims.
"""

from __future__ import annotations

from typing import ClassVar

from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.search.probes import Probe
from evaluator.channel.limits import Limits
from evaluator.channel.messages import MAX_ERROR_CHARACTERS, Claim, Errand, Probed
from evaluator.supervisor.errands.building import BuildingTalk
from evaluator.supervisor.printed import printable
from evaluator.supervisor.session import Ending
from evaluator.supervisor.verdict import died_with_its_zygote, unfinished


class ProbeTalk(BuildingTalk):
    """What is known of one program while it is probed.

    Attributes:
        probed: Its last word, that the network passed.
    """

    errand: ClassVar[Errand] = Errand.PROBE

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.probed: Probed | None = None

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to hear."""
        return super().finished or self.probed is not None

    def _on_claim(self, claim: Claim) -> bytes:
        if isinstance(claim, Probed) and self.built is not None:
            self.probed = claim
            return b""
        return super()._on_claim(claim)


def probe_record(talk: ProbeTalk, ending: Ending, limits: Limits) -> Probe:
    """Return the probe that `talk` and `ending` amount to."""
    failure: EvaluationStatus | None = None
    error_type: str | None = None
    error: str | None = None
    if talk.failure is not None:
        failure, error_type, error = talk.failure.status, talk.failure.error_type, talk.failure.error
    elif talk.probed is None:
        failure, error = unfinished(ending, limits)
    return Probe(
        failure=failure,
        stage=Stage.DONE if failure is None else talk.stage,
        parameters=talk.built.parameters if talk.built else None,
        flops=talk.built.flops if talk.built else None,
        output_shape=talk.probed.output_shape if talk.probed else None,
        graph=talk.graph,
        wall_seconds=ending.wall_seconds,
        cpu_seconds=ending.exited.cpu_seconds,
        peak_memory_bytes=ending.exited.peak_memory_bytes,
        error_type=error_type and printable(error_type),
        error=error and printable(error[:MAX_ERROR_CHARACTERS]),
    )


def no_probe(attempts: int) -> Probe:
    """Return the probe of a program with which zygote after zygote died, each of them healthy before."""
    return Probe(failure=EvaluationStatus.CRASHED, stage=Stage.IMPORT, error=died_with_its_zygote(attempts))
