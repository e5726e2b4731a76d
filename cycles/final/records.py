"""What `final.json` holds: the network that was taken home, and all that was measured on the way.

It is the one machine-readable account of the folder; the model card says the same in words, and `load.py`
reads the shapes and hyperparameters from it. This module does *not* measure.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from corpus.records.base import Record, UnitInterval
from corpus.records.evaluations import EvaluationStatus
from corpus.records.machines import Machine
from corpus.records.tasks.kinds import Metric, TaskKind
from cycles.figures.records import Mean, Rate
from cycles.final.settings import FinalSettings

Inputs = Literal["images", "signals", "fields"]
"""What a network takes: bytes (images), or numbers along one axis (signals) or two (fields)."""


class Measured(Record):
    """A score over `total` inputs by a metric that is no share of them, and so has no interval."""

    score: UnitInterval
    total: int = Field(ge=0)


class Placing(Record):
    """One network of the first wave.

    Attributes:
        candidate_id: Its program's id in the ledger.
        searched: The validation accuracy that the search had measured; like all that is called an accuracy,
            the score of the task's metric where that is another.
        accuracies: Validation accuracy with each seed, 0 where the training failed.
        statuses: How each of these trainings ended.
        mean: Mean over the seeds with its interval over seeds.
        parameters: Number of trainable parameters.
    """

    candidate_id: str
    searched: UnitInterval
    accuracies: tuple[UnitInterval, ...]
    statuses: tuple[EvaluationStatus, ...]
    mean: Mean
    parameters: int | None


class PassedOver(Record):
    """A network that won, and could not be taken home; its test split was not read.

    Attributes:
        candidate_id: Its program's id in the ledger.
        status: How its way home ended.
        reason: Why, in a line.
    """

    candidate_id: str
    status: EvaluationStatus
    reason: str


class Provenance(Record):
    """Where the network comes from.

    Attributes:
        run: Name of the run's directory.
        run_seed: The run's seed.
        arm: The arm of a comparison that the run is, in words.
        candidate_id: The program's id in the run's ledger.
        cycle: The cycle that wrote it.
        parents: Candidates that it was derived from.
        generator: Name of the model or the source that wrote it.
        generator_hash: Content hash of that model's weights.
        adapter_hash: Content hash of the LoRA adapter that it had on; None for the model alone.
        source_sha256: SHA-256 of model.py.
        weights_sha256: SHA-256 of weights.safetensors.
    """

    run: str
    run_seed: int
    arm: str
    candidate_id: str
    cycle: int | None
    parents: tuple[str, ...]
    generator: str
    generator_hash: str | None
    adapter_hash: str | None
    source_sha256: str
    weights_sha256: str


class Latency(Record):
    """How long one image takes, from its question to its answer, on the supervisor's clock.

    Attributes:
        median_ms: Median in milliseconds.
        slow_ms: 90% quantile in milliseconds.
        images: How many images were timed.
        threads: Threads that the network had.
    """

    median_ms: float
    slow_ms: float
    images: int
    threads: int


class FinalReport(Record):
    """All of it.

    Attributes:
        format: Version of this record.
        settings: How the waves went.
        provenance: Where the network comes from.
        licence: SPDX expression of the program; NOASSERTION where nobody stated one.
        task: Name and version of the task.
        kind: What it asks for, and so by which metric everything here was measured.
        inputs: What goes in.
        in_shape: Shape of a batch of one image, as `Net` is told it.
        out_shape: Number of classes, or shape of the answer to one input, as `Net` is told it.
        prm: The hyperparameters that `Net` was built and trained with.
        mean: Mean of each channel, in [0, 1]: an image goes in as `(image / 255 - mean) / std`. Of signals
            and fields in their own unit: they go in as `(input - mean) / std`.
        std: Standard deviation of each channel, likewise.
        target_mean: Mean of each channel of a regression's targets: an answer in their unit is
            `answer * target_std + target_mean`. Empty for other kinds.
        target_std: Standard deviation of each channel of a regression's targets, likewise.
        validation: The winner's mean validation accuracy over the seeds, after training on train alone.
        test: Accuracy on the test split of what lies in this folder, with its Wilson interval; the score of
            another metric without one.
        test_readings: How many networks of this run have been measured on the test split, this one included.
        first_wave: The first wave, best first.
        first_protocols: The protocols of the first wave.
        second_protocol: The protocol of the second.
        passed_over: Winners that could not be taken home.
        seed: The candidate of the first wave that is the seed of AgentNAS; None in other runs, and where it
            learnt nothing.
        best_non_seed: The best candidate of the first wave that is not it; None where there is no seed.
        parameters: Trainable parameters, as the program's process counted them.
        flops: Forward FLOPs for one image, as it counted them.
        weights_numbers: Numbers in weights.safetensors, buffers included.
        weights_bytes: Size of weights.safetensors.
        latency: How long one image takes.
        onnx: Whether model.onnx is there.
        onnx_note: Why it is not, or what is known of it.
        trained_images: Images that the network was trained on.
        machine: Where it was measured.
        isolation: How the program was contained.
    """

    format: Literal[1] = 1
    settings: FinalSettings
    provenance: Provenance
    licence: str
    task: str
    kind: TaskKind = TaskKind.SINGLE_LABEL
    inputs: Inputs = "images"
    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    prm: dict[str, float | int | str]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    target_mean: tuple[float, ...] = ()
    target_std: tuple[float, ...] = ()
    validation: Mean
    test: Rate | Measured
    test_readings: int = Field(ge=1)
    first_wave: tuple[Placing, ...]
    first_protocols: tuple[str, ...]
    second_protocol: str
    passed_over: tuple[PassedOver, ...]
    seed: str | None = None
    best_non_seed: str | None = None
    parameters: int | None
    flops: int | None
    weights_numbers: int
    weights_bytes: int
    latency: Latency
    onnx: bool
    onnx_note: str
    trained_images: int
    machine: Machine
    isolation: str

    @property
    def metric(self) -> Metric:
        """The metric by which everything was measured."""
        return self.kind.metric
