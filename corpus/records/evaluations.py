"""The record of a judgement: how a program ended, and in which stage. This module does *not* run anything."""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic import Field

from corpus.records.base import Record, UnitInterval
from corpus.records.graphs import NetworkGraph
from corpus.records.tasks.kinds import Metric

_METRICS = "|".join(each for each in Metric if each is not Metric.ACCURACY)
_BEFORE_THE_EPOCHS = re.compile(rf"(.+?)(?:/({_METRICS}))?(?:/train\+val)?(?:/test)?(?:/cuda)?/e\d+(?:/|$)")

CLAIM = "imported:"
"""How the protocols begin under which the sources of imported programs state figures."""


class EvaluationStatus(StrEnum):
    """How the judgement of a program ended. Exactly one holds; only COMPLETE counts as valid."""

    COMPLETE = "COMPLETE"
    """It kept the contract, trained for the protocol's epochs and beat chance."""
    NO_CODE = "NO_CODE"
    """The completion held nothing that could be a program."""
    SYNTAX_ERROR = "SYNTAX_ERROR"
    """Python cannot parse it."""
    CONTRACT_ERROR = "CONTRACT_ERROR"
    """It lacks a part of the LEMUR contract, or exceeds the parameter cap."""
    FORBIDDEN = "FORBIDDEN"
    """It uses something that no program may use."""
    RUNTIME_ERROR = "RUNTIME_ERROR"
    """It raised an exception that no other status names."""
    SHAPE_ERROR = "SHAPE_ERROR"
    """Tensor shapes do not fit together, or the output has not the shape that the task asks for."""
    MISSING_DEPENDENCY = "MISSING_DEPENDENCY"
    """It imports a package that is not there."""
    TIMEOUT = "TIMEOUT"
    """It used up its processor time or its wall time."""
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    """It exceeded its memory limit."""
    NON_FINITE = "NON_FINITE"
    """Its loss or its scores are not finite numbers."""
    CRASHED = "CRASHED"
    """Its process died of a signal, or left without an answer."""
    OUTPUT_LIMIT = "OUTPUT_LIMIT"
    """It printed more than its limit."""
    PROTOCOL_ERROR = "PROTOCOL_ERROR"
    """Its process broke the result channel's protocol."""
    BELOW_CHANCE = "BELOW_CHANCE"
    """It trained, but its score is hardly better than without a look at the input: an accuracy of at most 1.2
    times chance, as in the reference's filter."""
    STOPPED = "STOPPED"
    """Its training was ended early: its loss was worse than that of any strong program at the same place."""
    REUSED_DATA = "REUSED_DATA"
    """It learnt from the training images more often than once an epoch, or kept them to answer from."""


class Stage(StrEnum):
    """The stages of a judgement, in order; a failed evaluation names the one it failed in."""

    EXTRACT = "extract"
    LINT = "lint"
    IMPORT = "import"
    INIT = "init"
    FORWARD = "forward"
    LEARN = "learn"
    PREDICT = "predict"
    DONE = "done"


class Evaluation(Record):
    """The judgement of one candidate under one protocol.

    Attributes:
        candidate_id: The candidate.
        protocol_id: Names task, split, epochs, batch, transform, seed and code version; accuracies compare
            only when it is equal.
        status: How it ended.
        stage: The stage it ended in; DONE unless it failed.
        accuracy: Score on the validation split in [0, 1], more is better, None if it never predicted: top-1
            accuracy, or what stands for another `metric`.
        losses: Mean training loss of up to 16 equal parts, a claim of the candidate's own process.
        passes: How often the training images went through the network to be learnt from, in epochs of the
            protocol; a claim of the candidate's own process, None if it did not come so far.
        kept_bytes: What the candidate held after its training beside weights and the like, a claim as well.
        wall_seconds: Wall time on the evaluator's own clock.
        cpu_seconds: Processor time of the candidate's process, from the operating system.
        parameters: Number of trainable parameters.
        flops: Forward FLOPs for one image, where counted.
        latency_seconds: Median time that one image takes, on the evaluator's own clock; None where it was not
            measured.
        peak_memory_bytes: Peak resident set size of the candidate's process.
        error_type: Class name of the exception, where there was one; or by name what is wrong with an answer
            that should be an edit and makes no program.
        error: The message, at most 500 characters.
        output_tail: The end of what the program printed, at most 2,000 characters; None if it was nothing.
        graph: The network, recorded by (and so a claim of) the candidate's own process; None if its forward
            pass failed or is too large. It is written with the evaluation and read by `LedgerWriter.graph`:
            evaluations that come from a ledger leave it there.
        structure: The id under which the ledger keeps the graph, equal for equal networks; set by the ledger.
        machine_id: The `Machine` that judged, None where nobody noted it.
    """

    candidate_id: str
    protocol_id: str
    status: EvaluationStatus
    stage: Stage
    accuracy: UnitInterval | None = None
    losses: tuple[float, ...] = ()
    passes: float | None = Field(default=None, ge=0.0)
    kept_bytes: int | None = Field(default=None, ge=0)
    wall_seconds: float = Field(default=0.0, ge=0.0)
    cpu_seconds: float = Field(default=0.0, ge=0.0)
    parameters: int | None = Field(default=None, ge=0)
    flops: int | None = Field(default=None, ge=0)
    latency_seconds: float | None = Field(default=None, ge=0.0)
    peak_memory_bytes: int | None = Field(default=None, ge=0)
    error_type: str | None = None
    error: str | None = Field(default=None, max_length=500)
    output_tail: str | None = Field(default=None, max_length=2000)
    graph: NetworkGraph | None = Field(default=None, exclude=True, repr=False)
    structure: str | None = None
    machine_id: str | None = None

    @property
    def data_set(self) -> str:
        """The part of the protocol id that names what accuracy was measured on, such as `digits-v1`.

        Of a claim it names the collection too: `imported:lemur/img-classification_cifar-10_acc`.
        """
        return data_set_of(self.protocol_id)

    @property
    def claimed_under(self) -> str:
        """Of what the source of an imported program says the protocol, its collection first; else empty."""
        return self.protocol_id.removeprefix(CLAIM) if is_claim(self.protocol_id) else ""

    @property
    def metric(self) -> Metric:
        """What the score means, which the protocol's id names where it is no accuracy."""
        return metric_in(self.protocol_id)

    @property
    def valid(self) -> bool:
        """Whether the program counts as valid."""
        return self.status is EvaluationStatus.COMPLETE


def is_claim(protocol_id: str) -> bool:
    """Whether scores under a protocol are claims of the source that programs were imported from."""
    return protocol_id.startswith(CLAIM)


def data_set_of(protocol_id: str) -> str:
    """Return the part of a protocol's id that names what scores were measured on."""
    named = _BEFORE_THE_EPOCHS.match(protocol_id)
    if named is not None:
        return named[1]
    parts = protocol_id.split("/")
    return "/".join(parts[: 2 if is_claim(protocol_id) else 1])


def metric_in(protocol_id: str) -> Metric:
    """Return what scores mean under a protocol, which its id names where they are no accuracies."""
    named = _BEFORE_THE_EPOCHS.match(protocol_id)
    return Metric(named[2]) if named is not None and named[2] else Metric.ACCURACY
