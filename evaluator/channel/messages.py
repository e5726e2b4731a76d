"""The fixed vocabulary: everything a program's process or a zygote can say, and all that a zygote is told.

Whatever does not fit one of these models to the letter is refused. What a program's process says is a claim:
it can make its own evaluation fail, but it cannot set an accuracy, a time or a memory figure.

This module does *not* move bytes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.graphs import MAX_GRAPH_NODES, GraphNode
from corpus.records.search.hyperparameters import Hyperparameter
from evaluator.channel.limits import Limits
from evaluator.channel.plan import Plan
from evaluator.channel.stopping import StopRule
from evaluator.isolation.tiers import Tier

MESSAGE_BYTES = 65536
"""Room for one message to or from a zygote."""

MAX_LOSSES = 16
MAX_ERROR_CHARACTERS = 500
MAX_TYPE_CHARACTERS = 100
MAX_DIMENSIONS = 64
MAX_DECLARED = 1_000

Count = Annotated[int, Field(ge=0, lt=2**53)]

ClaimableFailure = Literal[
    EvaluationStatus.SYNTAX_ERROR,
    EvaluationStatus.CONTRACT_ERROR,
    EvaluationStatus.FORBIDDEN,
    EvaluationStatus.RUNTIME_ERROR,
    EvaluationStatus.SHAPE_ERROR,
    EvaluationStatus.MISSING_DEPENDENCY,
    EvaluationStatus.OUT_OF_MEMORY,
    EvaluationStatus.NON_FINITE,
    EvaluationStatus.CRASHED,
]


class Errand(StrEnum):
    """What a child is forked for: the kinds of job.

    Each has a function in `evaluator.child.errands`, which does it, and a talk in the supervisor, which says
    what the child may claim on the way.
    """

    EVALUATE = "evaluate"
    """Build a program's network, train it, predict."""
    PROBE = "probe"
    """Build a program's network and pass two images through it; nothing is trained."""
    EXECUTE = "execute"
    """Run a script over the training split."""
    EXPORT = "export"
    """Build a program's network, train it, hand out its weights."""
    RESTORE = "restore"
    """Build a program's network, load weights that the supervisor gives, predict."""
    CONVERT = "convert"
    """Build a program's network, load weights that the supervisor gives, hand it out as ONNX."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StageReached(_Message):
    """The program enters `stage`."""

    event: Literal["stage"] = "stage"
    stage: Stage


class Built(_Message):
    """The network stands and its forward pass has the right shape."""

    event: Literal["built"] = "built"
    parameters: Count
    flops: Count | None


class GraphPart(_Message):
    """The next nodes of the network that the forward pass showed, in the order of the graph."""

    event: Literal["graph"] = "graph"
    nodes: Annotated[tuple[GraphNode, ...], Field(max_length=MAX_GRAPH_NODES)]
    last: bool


class Trained(_Message):
    """Training is over, and the images to predict may come.

    Attributes:
        losses: Mean training loss of equal parts.
        passes: How often the training images went through the network to be learnt from, on average.
        kept_bytes: What the program holds when it has learnt and did not need to hold for that.
    """

    event: Literal["trained"] = "trained"
    losses: Annotated[tuple[float, ...], Field(max_length=MAX_LOSSES)]
    passes: Annotated[float, Field(ge=0.0)]
    kept_bytes: Count


class Stopped(_Message):
    """Training was ended early, by the rule that came with the job.

    Attributes:
        losses: Training loss up to there.
    """

    event: Literal["stopped"] = "stopped"
    losses: Annotated[tuple[float, ...], Field(max_length=MAX_LOSSES)]


class Declared(_Message):
    """The hyperparameters that the program says it supports; its network's file follows."""

    event: Literal["declared"] = "declared"
    names: Annotated[tuple[str, ...], Field(max_length=MAX_DECLARED)]


class FileSent(_Message):
    """The file is sent to its end."""

    event: Literal["file-sent"] = "file-sent"


class Probed(_Message):
    """The probe is over: the network passed.

    Attributes:
        output_shape: Shape of the scores of one image.
    """

    event: Literal["probed"] = "probed"
    output_shape: Annotated[tuple[Count, ...], Field(max_length=MAX_DIMENSIONS)]


class ScriptEnded(_Message):
    """The script ran to its end."""

    event: Literal["script-ended"] = "script-ended"


class NoDevice(_Message):
    """Before any stage: the device that the program was to run on did not start."""

    event: Literal["no-device"] = "no-device"
    error: Annotated[str, Field(max_length=MAX_ERROR_CHARACTERS)]


class Failed(_Message):
    """The program or the script failed."""

    event: Literal["failed"] = "failed"
    status: ClaimableFailure
    error_type: Annotated[str, Field(max_length=MAX_TYPE_CHARACTERS)] | None
    error: Annotated[str, Field(max_length=MAX_ERROR_CHARACTERS)]


Claim = (
    StageReached
    | Built
    | GraphPart
    | Trained
    | Stopped
    | Declared
    | FileSent
    | Probed
    | ScriptEnded
    | NoDevice
    | Failed
)
claim_adapter: TypeAdapter[Claim] = TypeAdapter(Annotated[Claim, Field(discriminator="event")])


class Start(_Message):
    """To a zygote, once, with the descriptor of the training data: load torch, get warm, prepare the jail.

    Attributes:
        plan: What it is to know.
        tier: How its children are contained.
        cores: The processors that it and its children may run on; empty for all.
    """

    order: Literal["start"] = "start"
    plan: Plan
    tier: Tier
    cores: tuple[int, ...]


class Fork(_Message):
    """To a zygote, with the descriptors of channel and output: fork a child for job `job` in `scratch`.

    Attributes:
        job: A number that this zygote has not had before.
        errand: What kind of job it is.
        limits: What the child may use.
        scratch: The directory that it works in where there are no namespaces.
        stop: When its training is ended early; None for never.
        hyperparameters: What its program brings along, in place of the protocol's values.
        transforms: What is done to the images that it is trained on, by strength.
    """

    order: Literal["fork"] = "fork"
    job: int
    errand: Errand
    limits: Limits
    scratch: str
    stop: StopRule | None = None
    hyperparameters: tuple[Hyperparameter, ...] = ()
    transforms: tuple[Hyperparameter, ...] = ()


class Kill(_Message):
    """To a zygote: end job `job` and everything that it started."""

    order: Literal["kill"] = "kill"
    job: int


Order = Start | Fork | Kill
order_adapter: TypeAdapter[Order] = TypeAdapter(Annotated[Order, Field(discriminator="order")])


class Ready(_Message):
    """From a zygote: it is warm. `home` is the folder that holds its package `evaluator`."""

    event: Literal["ready"] = "ready"
    home: str


class Started(_Message):
    """From a zygote: the child of job `job` runs.

    Attributes:
        pid: Its process id, session and group; None where it is the id of another namespace.
    """

    event: Literal["started"] = "started"
    job: int
    pid: int | None


class Exited(_Message):
    """From a zygote: the child of job `job` and all its descendants are gone.

    Attributes:
        exit_code: As in `subprocess`: negative for a signal.
        cpu_seconds: User and system time of the child and of all that was left of it.
        peak_memory_bytes: Peak resident set size of the child.
        too_many_processes: Whether it was killed for having more processes or threads than allowed.
        too_much_memory: Whether it was killed for having more in memory than allowed.
    """

    event: Literal["exited"] = "exited"
    job: int
    exit_code: int
    cpu_seconds: float
    peak_memory_bytes: int
    too_many_processes: bool
    too_much_memory: bool = False


Report = Ready | Started | Exited
report_adapter: TypeAdapter[Report] = TypeAdapter(Annotated[Report, Field(discriminator="event")])
