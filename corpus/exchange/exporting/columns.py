"""The columns of an export: their names, types and meanings, each stated once, as pydantic models.

The card, the Croissant metadata and the import of an earlier export read the same models. This module does
*not* say how a model becomes columns (`corpus.exchange.exporting.column_types`).
"""

from __future__ import annotations

from corpus.exchange.exporting.column_types import Row, UInt32
from corpus.exchange.exporting.idea_columns import IdeaRow
from corpus.exchange.exporting.module_columns import ModuleProbeRow, ModuleRow
from corpus.exchange.pairs import PreferenceKind
from corpus.records.admissions import AdmissionReason
from corpus.records.candidates import Origin
from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.prompts import FinishReason, Message, SamplingParameters
from corpus.records.search.hyperparameters import Hyperparameter
from corpus.records.search.proposals import Decision
from corpus.records.tasks.kinds import Metric


class ProgramRow(Row):
    """One candidate: the program, where it comes from, and the decision about it."""

    id: str
    """Id of the candidate within its ledger."""
    origin: Origin
    """seed, sampled or imported."""
    source: str | None
    """The program; null when the completion held none."""
    source_id: str | None
    """First 16 hex digits of the SHA-256 of `source`."""
    completion: str
    """The raw text of the model; equal to `source` for programs that no model wrote."""
    finish_reason: FinishReason | None
    """Why the model stopped: stop, length, other, or refused (`completion` then holds the server's words)."""
    token_count: int
    """Tokens of the completion, 0 for programs that no model wrote."""
    prompt_id: str | None
    """Id of the prompt that asked for it, null for programs that no prompt asked for."""
    seed: int | None
    """What it was drawn with: the prompt's seed, or its own where no prompt asked for it."""
    cycle: int | None
    """Cycle that produced it, null for seeds and imports."""
    index: int
    """Its place within the cycle, the starting corpus or the import."""
    parents: tuple[str, ...]
    """Candidates it was derived from."""
    generator: str
    """Base model or program source that wrote it."""
    generator_hash: str | None
    """Content hash of the base model's weights, null where there are none or nobody noted it."""
    adapter_hash: str | None
    """Content hash of the LoRA adapter in use, null for the base model alone."""
    sampling: SamplingParameters | None
    """Sampling parameters, null for programs that no model wrote."""
    machine_id: str | None
    """The machine that wrote it, described in the card; null where nobody noted it."""
    call_id: str | None = None
    """The call of the search that wrote it; calls themselves are not exported."""
    key: str | None = None
    """Its identity in a search space, null outside of spaces."""
    operator: str = ""
    """The kind of step of the search that led to it: ask, sample, mutate; empty where nobody noted it."""
    idea: str | None = None
    """What it tries, in a few words."""
    decisions: tuple[Decision, ...] = ()
    """What was decided on the way to it, and whether by model, rule or chance."""
    hyperparameters: tuple[Hyperparameter, ...] = ()
    """What it is trained with in place of the protocol's values of these names."""
    transforms: tuple[Hyperparameter, ...] = ()
    """What is done to the images that it is trained on, by strength."""
    admitted: bool | None
    """Whether it entered the corpus, null where nothing was decided."""
    reason: AdmissionReason | None
    """Why."""
    nearest_id: str | None
    """The most similar program already in the corpus."""
    jaccard: float | None
    """Exact Jaccard similarity to it, in [0, 1]."""
    twin_id: str | None
    """The first program already in the corpus that builds the same network."""
    group_id: str
    """Names its group of near-duplicates."""
    minhash: tuple[UInt32, ...] | None = None
    """MinHash signature of `source` for datasketch, scheme archloop-minhash-1; null without a program."""
    licence: str
    """SPDX expression; NOASSERTION where nobody stated a licence."""
    imported_from: str | None
    """Collection that an imported program comes from."""
    imported_path: str | None
    """Its file or id there."""


class PromptRow(Row):
    """One request for a program."""

    id: str
    """Id of the prompt within its ledger."""
    strategy: str
    """Search strategy that made it."""
    template: str
    """Prompt template that rendered it."""
    messages: tuple[Message, ...]
    """The chat that the model saw."""
    exemplar_ids: tuple[str, ...]
    """Candidates whose programs stand in the chat."""
    seed: int
    """Seeds the sampling of its completion."""


class EvaluationRow(Row):
    """The judgement of one candidate under one protocol."""

    candidate_id: str
    """The candidate."""
    protocol_id: str
    """Accuracies compare only where it is equal; `imported:` marks a claim of others."""
    status: EvaluationStatus
    """How it ended; only COMPLETE counts as valid."""
    stage: Stage
    """The stage it ended in."""
    accuracy: float | None
    """Score on the protocol's split, in [0, 1], more is better: top-1 accuracy, or what `metric` says."""
    metric: Metric = Metric.ACCURACY
    """What the score stands for: accuracy, mean-average-precision, mean-iou, relative-l2 (1 - its value)."""
    losses: tuple[float | None, ...]
    """Mean training loss of up to 16 parts, a claim of the candidate's process; null where not finite."""
    passes: float | None = None
    """How often it learnt from the training images, in epochs; a claim of the candidate's own process."""
    kept_bytes: int | None = None
    """What it held after its training beside weights and the like, in bytes; a claim as well."""
    latency_seconds: float | None = None
    """Median time that one image takes, on the evaluator's clock; null where it was not measured."""
    wall_seconds: float
    """Wall time on the evaluator's clock, in seconds."""
    cpu_seconds: float
    """Processor time of the candidate's process, in seconds."""
    parameters: int | None
    """Trainable parameters."""
    flops: int | None
    """Forward FLOPs for one image."""
    peak_memory_bytes: int | None
    """Peak resident set size of the candidate's process, in bytes."""
    structure: str | None
    """Id of the network's graph in the ledger, equal for equal networks."""
    machine_id: str | None
    """The machine that judged, described in the card; null where nobody noted it."""
    error_type: str | None
    """Class name of the exception; or what is wrong with an edit."""
    error: str | None
    """Its message, at most 500 characters."""
    output_tail: str | None
    """The end of what the program printed, at most 2,000 characters."""
    imported_detail: str | None
    """An imported measurement in the words of its source, as JSON."""


class SftRow(Row):
    """One admitted sample for supervised fine-tuning, conversational as TRL reads it."""

    candidate_id: str
    """The candidate that wrote the completion."""
    prompt: tuple[Message, ...]
    """The chat that the model saw."""
    completion: tuple[Message, ...]
    """Its answer, as one assistant turn."""
    accuracy: float | None
    """Accuracy that the admission rests on, in [0, 1], or the score by another metric, more is better."""
    metric: Metric = Metric.ACCURACY
    """What it stands for: accuracy, mean-average-precision, mean-iou, relative-l2 (1 - its value)."""


class PreferenceRow(Row):
    """Two answers to one prompt, judged under one protocol: TRL's explicit-prompt preference format (DPO)."""

    prompt: tuple[Message, ...]
    """The chat that both answer."""
    chosen: tuple[Message, ...]
    """The better answer, as one assistant turn."""
    rejected: tuple[Message, ...]
    """The worse answer, as one assistant turn."""
    kind: PreferenceKind
    """validity or accuracy."""
    margin: float | None
    """Difference in accuracy, or in the score by another metric; null for pairs by validity."""
    protocol_id: str
    """The protocol of both judgements."""
    chosen_id: str
    """Candidate of the better answer."""
    rejected_id: str
    """Candidate of the worse answer."""


class UnpairedPreferenceRow(Row):
    """One answer and whether it is valid: TRL's unpaired preference format (KTO)."""

    candidate_id: str
    """The candidate."""
    prompt: tuple[Message, ...]
    """The chat that the model saw."""
    completion: tuple[Message, ...]
    """Its answer, as one assistant turn."""
    label: bool
    """Whether the program is valid."""
    protocol_id: str
    """The protocol of the judgement."""


CONFIGS: dict[str, type[Row]] = {
    "programs": ProgramRow,
    "prompts": PromptRow,
    "evaluations": EvaluationRow,
    "sft": SftRow,
    "preferences": PreferenceRow,
    "unpaired_preferences": UnpairedPreferenceRow,
    "modules": ModuleRow,
    "module_probes": ModuleProbeRow,
    "ideas": IdeaRow,
}
"""The configurations of an export and the model of their rows, in the order of the card."""
