"""The records that flow between the rooms: prompts, candidates, evaluations, admissions, reports.

Every record is a frozen pydantic model: once written it is never changed, only followed by another record.
The ledger of a run is the list of these records, and every figure that archloop prints comes from that list.

This module does *not* import torch, open files or decide anything: it says what is known about a program.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

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
        adapter_hash: Content hash of the LoRA adapter in use, None for the base model alone.
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
    adapter_hash: str | None = None
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
    BELOW_THRESHOLD = "BELOW_THRESHOLD"
    """It is valid and new, but its accuracy is below the threshold."""
    ADMITTED = "ADMITTED"
    """Admitted: valid, new and strong."""

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
    """

    candidate_id: str
    admitted: bool
    reason: AdmissionReason
    nearest_id: str | None = None
    jaccard: UnitInterval | None = None


class TrainingExample(Record):
    """One row of supervised fine-tuning, in TRL's conversational `prompt` / `completion` terms."""

    candidate_id: str
    prompt: tuple[Message, ...]
    completion: str


class TrainingResult(Record):
    """What one fine-tuning did.

    Attributes:
        adapter_hash: Content hash of the adapter's weights.
        examples: Rows trained on.
        truncated: Rows longer than the maximal length, cut.
        steps: Optimiser steps.
        trainable_parameters: Number of parameters that LoRA trains; never 0.
        first_loss: Mean completion loss over the first tenth of the steps, None without steps.
        last_loss: The same over the last tenth.
        seconds: Wall time.
    """

    adapter_hash: str
    examples: int = Field(ge=1)
    truncated: int = Field(ge=0)
    steps: int = Field(ge=1)
    trainable_parameters: int = Field(ge=1)
    first_loss: float | None = None
    last_loss: float | None = None
    seconds: float = Field(ge=0.0)


class Rate(Record):
    """A share `count / total` with its 95% Wilson score interval; 0 of 0 has the interval [0, 1]."""

    count: int = Field(ge=0)
    total: int = Field(ge=0)
    low: UnitInterval
    high: UnitInterval

    @property
    def value(self) -> float:
        """The share itself, 0.0 when nothing was counted."""
        return self.count / self.total if self.total else 0.0


class Mean(Record):
    """A mean over `count` values with a 95% confidence interval; all zero when nothing was counted."""

    count: int = Field(ge=0)
    value: float
    low: float
    high: float


class CycleReport(Record):
    """What one cycle came to, every figure computed from the ledger.

    Attributes:
        cycle: The cycle.
        control: The arm: "none" for the closed loop itself, else the name of the control.
        candidates: Programs sampled.
        statuses: How many evaluations ended in each status.
        reasons: How many admissions were decided for each reason.
        executable: Share of candidates that trained and predicted, whatever their accuracy.
        valid: Share of candidates with status COMPLETE.
        strong: Share of candidates whose accuracy is at least the admission threshold.
        novel: Share of the valid candidates that were new to the corpus.
        admitted: Share of candidates admitted.
        unique: Share of candidates with a program whose text is unlike every other of the cycle.
        mean_accuracy_all: Mean accuracy over *all* candidates, invalid ones counted as 0.
        mean_accuracy_valid: Mean accuracy over the valid ones.
        best_accuracy: Best validation accuracy, None without a valid candidate.
        accuracy_quantiles: 10, 25, 50, 75, 90% quantiles over the valid ones, empty without any.
        median_jaccard: Median pairwise Jaccard similarity of the valid programs, None for fewer than two.
        unique_skeletons: Share of the valid programs' skeletons (numbers masked) that are distinct.
        families: How many valid programs use each block family.
        family_entropy_bits: Shannon entropy of `families`, in bits.
        mean_tokens: Mean length of the completions, in the model's tokens.
        training: The fine-tuning that this cycle's adapter came from, None where the base model wrote.
        stage_seconds: Wall time of each stage.
    """

    cycle: int = Field(ge=0)
    control: str
    candidates: int = Field(ge=0)
    statuses: dict[EvaluationStatus, int]
    reasons: dict[AdmissionReason, int]
    executable: Rate
    valid: Rate
    strong: Rate
    novel: Rate
    admitted: Rate
    unique: Rate
    mean_accuracy_all: Mean
    mean_accuracy_valid: Mean
    best_accuracy: UnitInterval | None
    accuracy_quantiles: tuple[float, ...]
    median_jaccard: UnitInterval | None
    unique_skeletons: UnitInterval | None
    families: dict[str, int]
    family_entropy_bits: float
    mean_tokens: float
    training: TrainingResult | None
    stage_seconds: dict[str, float]


class Neighbour(Record):
    """A program of the corpus and its exact Jaccard similarity to the program that was compared."""

    id: str
    jaccard: UnitInterval


class CycleRow(Record):
    """What the store knows of one cycle as a whole.

    Attributes:
        cycle: The cycle.
        complete: Whether the cycle is marked as complete.
        completed_at: Time of that mark, ISO 8601 in UTC.
        training: The fine-tuning of the adapter that writes this cycle, None without one.
        training_ids: The candidates that it learned from, in order.
    """

    cycle: int = Field(ge=0)
    complete: bool
    completed_at: str | None = None
    training: TrainingResult | None = None
    training_ids: tuple[str, ...] = ()
