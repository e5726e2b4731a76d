"""The records that flow between the rooms: prompts, candidates, evaluations, admissions.

Every record is a frozen pydantic model: once written it is never changed, only followed by another record.
The ledger of a run is the list of these records, and every figure that archloop prints comes from that list.

This module does *not* import torch, open files or decide anything: it says what is known about a program.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

UnitInterval = Annotated[float, Field(ge=0.0, le=1.0)]


class Record(BaseModel):
    """Base of all records: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def content_id(text: str) -> str:
    """Return the content address of `text`: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()[:16]


def derive_seed(*parts: object) -> int:
    """Return a child seed in [0, 2**31) that depends on `parts` alone, not on the process or the platform."""
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


class TaskShape(Record):
    """What a program must know of a task: images `(channels, height, width)` in, `classes` scores out."""

    channels: int = Field(ge=1)
    height: int = Field(ge=1)
    width: int = Field(ge=1)
    classes: int = Field(ge=2)


class Message(Record):
    """One turn of a chat, in the vocabulary of chat templates."""

    role: Literal["system", "user", "assistant"]
    content: str


class Prompt(Record):
    """A request for one program.

    Attributes:
        id: Unique within a run, and stable when the run is repeated: `c003/p0017`.
        strategy: Name of the search strategy that asked.
        template: Name of the prompt template that rendered `messages`.
        messages: The chat that the model sees.
        exemplar_ids: Candidates whose programs stand in the chat.
        seed: Seeds the sampling of this prompt's completion.
    """

    id: str
    strategy: str
    template: str
    messages: tuple[Message, ...]
    exemplar_ids: tuple[str, ...] = ()
    seed: int


class FinishReason(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    """It ended the text itself."""
    LENGTH = "length"
    """It reached `max_new_tokens`."""


class SamplingParameters(Record):
    """How completions are drawn, with the meaning that these names have in transformers and vLLM.

    `top_k` 0 and `top_p` 1 switch the respective filter off; `temperature` 0 is greedy.
    """

    temperature: float = Field(default=0.8, ge=0.0)
    top_k: int = Field(default=0, ge=0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    max_new_tokens: int = Field(default=640, ge=1)


class Completion(Record):
    """What the model answered to one prompt: the text after the chat template's generation prompt."""

    prompt_id: str
    text: str
    finish_reason: FinishReason
    token_count: int = Field(ge=0)


class Origin(StrEnum):
    """Where a program comes from."""

    SEED = "seed"
    """It stood in the starting corpus."""
    SAMPLED = "sampled"
    """The generator wrote it."""
    IMPORTED = "imported"
    """It was brought in from outside."""


class Candidate(Record):
    """One program to judge, together with everything needed to draw it again.

    Attributes:
        id: Unique within a store: `c003/0017` for samples, `seed/0004` for the starting corpus.
        origin: Where it comes from.
        source: The extracted program, or None when the completion held none.
        completion: The raw text of the model; equal to the source for seeds and imports.
        finish_reason: Why the model stopped, None for programs that no model wrote.
        token_count: Tokens of the completion, 0 for programs that no model wrote.
        prompt_id: The prompt it answers, None for programs that no prompt asked for.
        cycle: Cycle that produced it, None for seeds and imports.
        index: Its place within the cycle (or within the starting corpus).
        parents: Candidates it was derived from.
        generator: Name of the base model or program source that wrote it.
        generator_hash: Content hash of the base model's weights, None where there are none or not here.
        adapter_hash: Content hash of the LoRA adapter in use, None for the base model alone.
        seed: What a program that no prompt asked for was drawn with; else the prompt holds the seed.
        machine_id: The `Machine` that wrote it, None where nobody noted it.
        sampling: The sampling parameters, None for programs that no model wrote.
    """

    id: str
    origin: Origin
    source: str | None
    completion: str
    finish_reason: FinishReason | None = None
    token_count: int = Field(default=0, ge=0)
    prompt_id: str | None = None
    cycle: int | None = Field(default=None, ge=0)
    index: int = Field(ge=0)
    parents: tuple[str, ...] = ()
    generator: str
    generator_hash: str | None = None
    adapter_hash: str | None = None
    seed: int | None = None
    machine_id: str | None = None
    sampling: SamplingParameters | None = None


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
    """Tensor shapes do not fit together, or the output is not `(B, classes)`."""
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
    """It trained, but its accuracy is at most 1.2 times chance, as in the reference's filter."""


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


BATCH = -1
"""Stands in a shape for the number of images in a batch."""

MAX_GRAPH_NODES = 1024
MAX_GRAPH_EDGES = 8192

_Index = Annotated[int, Field(ge=-1, lt=MAX_GRAPH_NODES)]
_Dimension = Annotated[int, Field(ge=BATCH, lt=2**53)]


class GraphNode(Record):
    """One operator of a network, or one tensor that it starts from.

    Attributes:
        op: `input`, `parameter` (trained), `buffer` (of the network, not trained), `constant`, `output` (a
            further output of the operator that it takes), or the name of an operator of ATen without the
            marks of its variants: `convolution`, `relu`, `addmm`.
        attributes: What else defines the operator, as `name=value` pairs with a blank between.
        inputs: The nodes that it takes, in the order of the operator's arguments; -1 for one left out.
        shape: Shape of its (first) output.
    """

    op: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    attributes: Annotated[str, Field(max_length=200, pattern=r"^[!-~ ]*$")] = ""
    inputs: Annotated[tuple[_Index, ...], Field(max_length=256)] = ()
    shape: Annotated[tuple[_Dimension, ...], Field(max_length=16)] = ()


class NetworkGraph(Record):
    """The network that a program builds: what one forward pass in evaluation mode does to a batch of images.

    Nodes take only nodes before them, the last one is the network's output, and all others lead to it. Names,
    the order of independent statements, training and dropout leave no trace. `corpus.structure` says when two
    graphs are the same.
    """

    nodes: Annotated[tuple[GraphNode, ...], Field(min_length=1, max_length=MAX_GRAPH_NODES)]

    @model_validator(mode="after")
    def _leads_to_its_last_node(self) -> Self:
        taken: set[int] = set()
        for index, node in enumerate(self.nodes):
            if max(node.inputs, default=-1) >= index:
                raise ValueError(f"node {index} takes a node that is not before it")
            taken.update(node.inputs)
        if len(taken - {-1}) != len(self.nodes) - 1:
            raise ValueError("a node does not lead to the output")
        if self.edge_count > MAX_GRAPH_EDGES:
            raise ValueError(f"more than {MAX_GRAPH_EDGES} edges")
        return self

    @property
    def edge_count(self) -> int:
        """Number of edges: of inputs that are not left out."""
        return sum(source >= 0 for node in self.nodes for source in node.inputs)


class Evaluation(Record):
    """The judgement of one candidate under one protocol.

    Attributes:
        candidate_id: The candidate.
        protocol_id: Names task, split, epochs, batch, transform, seed and code version; accuracies compare
            only when it is equal.
        status: How it ended.
        stage: The stage it ended in; DONE unless it failed.
        accuracy: Top-1 accuracy on the validation split in [0, 1], None if it never predicted.
        losses: Training loss at up to 16 evenly spaced steps, a claim of the candidate's own process.
        wall_seconds: Wall time on the evaluator's own clock.
        cpu_seconds: Processor time of the candidate's process, from the operating system.
        parameters: Number of trainable parameters.
        flops: Forward FLOPs for one image, where counted.
        peak_memory_bytes: Peak resident set size of the candidate's process.
        error_type: Class name of the exception, where there was one.
        error: The message, at most 500 characters.
        output_tail: The end of what the program printed, at most 2,000 characters; None if it was nothing.
        graph: The network, recorded by (and so a claim of) the candidate's own process; None if its forward
            pass failed or is too large. It is written with the evaluation and read by `Corpus.graph`:
            evaluations that come from a store leave it there.
        structure: The id under which the store keeps the graph, equal for equal networks; set by the store.
        machine_id: The `Machine` that judged, None where nobody noted it.
    """

    candidate_id: str
    protocol_id: str
    status: EvaluationStatus
    stage: Stage
    accuracy: UnitInterval | None = None
    losses: tuple[float, ...] = ()
    wall_seconds: float = Field(default=0.0, ge=0.0)
    cpu_seconds: float = Field(default=0.0, ge=0.0)
    parameters: int | None = Field(default=None, ge=0)
    flops: int | None = Field(default=None, ge=0)
    peak_memory_bytes: int | None = Field(default=None, ge=0)
    error_type: str | None = None
    error: str | None = Field(default=None, max_length=500)
    output_tail: str | None = Field(default=None, max_length=2000)
    graph: NetworkGraph | None = Field(default=None, exclude=True, repr=False)
    structure: str | None = None
    machine_id: str | None = None

    @property
    def valid(self) -> bool:
        """Whether the program counts as valid."""
        return self.status is EvaluationStatus.COMPLETE


class AdmissionReason(StrEnum):
    """Why a candidate was admitted to the corpus or not: the first that applies, in this order."""

    SEED = "SEED"
    """Admitted: it is part of the starting corpus."""
    INVALID = "INVALID"
    """Its evaluation is not COMPLETE."""
    EXACT_DUPLICATE = "EXACT_DUPLICATE"
    """The corpus, or this cycle, holds the same program (equal shingle sets)."""
    NEAR_DUPLICATE = "NEAR_DUPLICATE"
    """Its Jaccard similarity to a program of the corpus, or of this cycle, is at least tau."""
    DUPLICATE_STRUCTURE = "DUPLICATE_STRUCTURE"
    """The corpus, or this cycle, holds a program of another text that builds the same network."""
    BELOW_THRESHOLD = "BELOW_THRESHOLD"
    """It is valid and new, but its accuracy is below the threshold."""
    ADMITTED = "ADMITTED"
    """Admitted: valid, new and strong."""
    IMPORTED = "IMPORTED"
    """Admitted: it was brought in from outside, so that novelty is judged against it."""

    @property
    def novel(self) -> bool:
        """Whether a sampled candidate was found valid and new, however strong."""
        return self in (AdmissionReason.BELOW_THRESHOLD, AdmissionReason.ADMITTED)


class Admission(Record):
    """The decision about one candidate.

    Attributes:
        candidate_id: The candidate.
        admitted: Whether it entered the corpus.
        reason: Why.
        nearest_id: The most similar program already there, None when nothing was compared.
        jaccard: Exact Jaccard similarity to it, None when nothing was compared.
        twin_id: The first program already there that builds the same network, None without one; known
            whether or not it decided.
    """

    candidate_id: str
    admitted: bool
    reason: AdmissionReason
    nearest_id: str | None = None
    jaccard: UnitInterval | None = None
    twin_id: str | None = None


class TrainingExample(Record):
    """One row of supervised fine-tuning, in TRL's conversational `prompt` / `completion` terms."""

    candidate_id: str
    prompt: tuple[Message, ...]
    completion: str


class Neighbour(Record):
    """A program of the corpus and its exact Jaccard similarity to the program that was compared."""

    id: str
    jaccard: UnitInterval
