"""The record of a probe: what a program builds, found without training it.

This module does *not* run anything.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from corpus.records.base import Record
from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.graphs import NetworkGraph


class Probe(Record):
    """What one program builds: its text linted, its network built, two images passed through it.

    Times and memory are measured. Everything else is what the program's own process said of itself: a claim,
    like the parameters of an evaluation, and no ground to admit a program on.

    Attributes:
        failure: How it failed, in the word that an evaluation would have for it; None where it passed. A
            program that passed is not thereby valid: nothing was trained.
        stage: The stage it ended in; DONE unless it failed.
        parameters: Number of trainable parameters, None if it did not come so far. More than the cap is a
            failure, as it is in an evaluation; the message then tells the number.
        flops: Forward FLOPs for one image, where counted.
        output_shape: Shape of the scores of one image, None unless it passed; the error tells a wrong one.
        graph: The network as recorded, None if there is none or it is too large.
        wall_seconds: Wall time on the evaluator's own clock.
        cpu_seconds: Processor time of the program's process, from the operating system.
        peak_memory_bytes: Peak resident set size of that process.
        error_type: Class name of the exception, where there was one.
        error: The message, at most 500 characters.
    """

    failure: EvaluationStatus | None
    stage: Stage
    parameters: int | None = Field(default=None, ge=0)
    flops: int | None = Field(default=None, ge=0)
    output_shape: Annotated[tuple[int, ...], Field(max_length=64)] | None = None
    graph: NetworkGraph | None = Field(default=None, repr=False)
    wall_seconds: float = Field(default=0.0, ge=0.0)
    cpu_seconds: float = Field(default=0.0, ge=0.0)
    peak_memory_bytes: int | None = Field(default=None, ge=0)
    error_type: str | None = Field(default=None, max_length=100)
    error: str | None = Field(default=None, max_length=500)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.passed != (self.stage is Stage.DONE):
            raise ValueError(f"a probe that {'passed' if self.passed else 'failed'} in stage {self.stage}")
        if self.passed and (self.parameters is None or self.output_shape is None):
            raise ValueError("a probe that passed knows its parameters and its output's shape")
        return self

    @property
    def passed(self) -> bool:
        """Whether the program built a network whose forward pass has the right shape and finite scores."""
        return self.failure is None
