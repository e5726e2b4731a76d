"""`Workshop`: the sandbox of the second wave. A program trains on train and val, and what it leaves is used.

    train      a child builds and trains the network, and its weights leave as a checked file
    rehearse   another child loads them and answers for training images, timed here
    convert    another child loads them and writes the network as ONNX
    test       another child loads them and is shown the test images: here alone they are read

So the accuracy on the test split is that of the very file that is handed out. Whatever fails before `test` is
known before the test split is read.

This module does *not* choose, write files, or import torch.
"""

from __future__ import annotations

import statistics
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple, Self

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus
from evaluator.channel.weights_file import NotWeights, weights_limit
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.final.onnx import NotOnnx, require_network
from evaluator.supervisor.final.talks import ConvertingTalk, MeasuringTalk, TrainingTalk
from evaluator.supervisor.final.weights import Weights, checked_weights
from evaluator.supervisor.marking.units import TargetUnit
from evaluator.supervisor.protocol import TrainedOn, protocol_id, training_plan
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.supervisor.session import Ending
from evaluator.supervisor.timed_exam import TimedExam
from evaluator.supervisor.verdict import broken_off, evaluation, reuse, unjudgeable
from evaluator.supervisor.worker_pool import ATTEMPTS
from evaluator.tasks import Examples, Task, resized

TRAINED_ON: TrainedOn = "train+val"

_TIMED_IMAGES = 100
_ONNX_BYTES_BESIDE_WEIGHTS = 2**23
_NOT_RUN = (
    "written by torch's exporter in the sandbox and checked to hold one graph of standard operators with all "
    "its numbers; it was not run, so compare its scores with those of load.py before you rely on it."
)


class Training(NamedTuple):
    """What a training left.

    Attributes:
        weights: Its weights, checked.
        declared: The hyperparameters that the program says it supports.
    """

    weights: Weights
    declared: tuple[str, ...]


class Rehearsal(NamedTuple):
    """A network that answers, with the weights that are handed out.

    Attributes:
        seconds: The time of each single image, from its question to its answer.
        threads: The threads that it had.
    """

    seconds: tuple[float, ...]
    threads: int

    @property
    def median_seconds(self) -> float:
        """The median over the images."""
        return statistics.median(self.seconds)

    @property
    def slow_seconds(self) -> float:
        """The time that 90% of the images stay below."""
        return statistics.quantiles(self.seconds, n=10)[-1]


class Conversion(NamedTuple):
    """The network as ONNX, or why there is none.

    Attributes:
        content: The file, checked for what it may hold.
        note: What is known of it, or why it is not there; a sentence.
    """

    content: bytes | None
    note: str


class Measurement(NamedTuple):
    """A reading of the test split: what it came to, and over how many images."""

    evaluation: Evaluation
    images: int


class Workshop:
    """A context manager; its methods work inside the `with` block, one at a time.

    Args:
        config: The protocol and the limits.
        task: The task's data.

    Attributes:
        training_id: The protocol of a training here, under which its failure is noted.
        test_id: The protocol of the measurement on the test split.
    """

    def __init__(self, config: EvaluatorConfig, task: Task) -> None:
        spec = task.spec.resized(config.resize)
        self.training_id = protocol_id(config, spec, trained_on=TRAINED_ON)
        self.test_id = protocol_id(config, spec, "test", trained_on=TRAINED_ON)
        self._config, self._task, self._spec = config, task, spec
        self._limit = weights_limit(config)
        joined = replace(task, train=_joined(task.train, task.val))
        self._max_kept_bytes = training_plan(config, joined).max_kept_bytes
        self._sandbox = SandboxedEvaluator(config.model_copy(update={"workers": 1}), task=joined)

    def __enter__(self) -> Self:
        """Start the sandbox.

        Raises:
            SandboxError: The platform or the installation cannot do it, or offers no isolation.
        """
        self._sandbox.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sandbox.__exit__(kind, value, trace)

    @property
    def target_unit(self) -> TargetUnit | None:
        """In which unit the networks here answer a regression; None for other kinds."""
        return self._sandbox.target_unit

    @property
    def isolation(self) -> str:
        """How programs are contained, in a line for people."""
        return self._sandbox.isolation

    def train(self, candidate: Candidate) -> Training | Evaluation:
        """Train a network on train and val, and return what it leaves, or the evaluation of its failure."""
        stay = self._sandbox.attend(lambda: TrainingTalk(_source(candidate), self._limit), candidate)
        if stay is None:
            return unjudgeable(candidate, self.training_id, ATTEMPTS)
        talk, ending = stay
        finding = reuse(talk.trained, self._config, self._max_kept_bytes)
        if talk.file is not None and talk.declared is not None and finding is None:
            try:
                return Training(checked_weights(talk.file, self._limit), talk.declared)
            except NotWeights as error:
                finding = EvaluationStatus.PROTOCOL_ERROR, str(error)
        return broken_off(
            candidate,
            self.training_id,
            talk,
            ending,
            self._config.limits,
            trained=talk.trained,
            finding=finding,
        )

    def rehearse(self, candidate: Candidate, weights: Weights) -> Rehearsal | Evaluation:
        """Load weights and time the answers for single training images, or return how that failed."""
        train = self._task.train
        images = Examples(train.inputs[:_TIMED_IMAGES], train.targets[:_TIMED_IMAGES])
        stay = self._measure(candidate, weights, images, batch_size=1)
        if stay is None:
            return unjudgeable(candidate, self.training_id, ATTEMPTS)
        talk, ending = stay
        if talk.accuracy is None:
            return broken_off(candidate, self.training_id, talk, ending, self._config.limits)
        return Rehearsal(talk.exam.seconds, self._config.threads)

    def convert(self, candidate: Candidate, weights: Weights) -> Conversion:
        """Return the network as ONNX, or why there is none."""
        limit = self._limit + _ONNX_BYTES_BESIDE_WEIGHTS
        stay = self._sandbox.attend(
            lambda: ConvertingTalk(_source(candidate), weights.content, limit), candidate
        )
        if stay is None:
            return Conversion(None, "not there: the process that was to write it died again and again.")
        talk, ending = stay
        if talk.file is None:
            failed = broken_off(candidate, self.training_id, talk, ending, self._config.limits)
            return Conversion(None, f"not there: {failed.error_type or failed.status}: {failed.error}")
        try:
            require_network(talk.file, self._spec.shape)
        except NotOnnx as error:
            return Conversion(None, f"not there: what the program's process sent is refused ({error}).")
        return Conversion(talk.file, _NOT_RUN)

    def test(self, candidate: Candidate, weights: Weights) -> Measurement:
        """Load weights and measure them on the test split, which is read here and nowhere else."""
        split = self._task.read_test()
        stay = self._measure(candidate, weights, split, batch_size=self._config.predict_batch_size)
        if stay is None:
            return Measurement(unjudgeable(candidate, self.test_id, ATTEMPTS), len(split))
        talk, ending = stay
        row = evaluation(
            candidate,
            self.test_id,
            talk,
            ending,
            self._config,
            task=self._spec,
            max_kept_bytes=self._max_kept_bytes,
        )
        return Measurement(row, len(split))

    def _measure(
        self, candidate: Candidate, weights: Weights, split: Examples, *, batch_size: int
    ) -> tuple[MeasuringTalk, Ending] | None:
        images = resized(split, self._config.resize)
        source = _source(candidate)

        def talk() -> MeasuringTalk:
            exam = TimedExam(
                images,
                self._spec.shape,
                batch_size=batch_size,
                topic=f"{self.test_id}\n{source}",
                unit=self._sandbox.target_unit,
            )
            return MeasuringTalk(source, weights.content, exam)

        return self._sandbox.attend(talk, candidate)


def _source(candidate: Candidate) -> str:
    return candidate.source or ""


def _joined(first: Examples, second: Examples) -> Examples:
    import numpy as np

    return Examples(
        np.concatenate([first.inputs, second.inputs]), np.concatenate([first.targets, second.targets])
    )
