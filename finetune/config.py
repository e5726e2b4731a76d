"""Settings of a fine-tuning, and the one error that its user can mend.

This module does *not* import torch: the command line reads it to describe and check a run's configuration.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from corpus.records.mistakes import Mistake

ATTENTION_AND_MLP = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class FinetuneError(Mistake):
    """A fine-tuning that cannot start or go on as asked; the message names the cause and the remedy."""


class Loss(StrEnum):
    """What a fine-tuning makes likelier."""

    SFT = "sft"
    """The completions of those who teach: supervised fine-tuning."""
    KTO = "kto"
    """The completions of those who teach, at the cost of others (`teaching.against`): Kahneman-Tversky
    optimisation (arXiv 2402.01306). Both count alike, however many of each there are."""
    DPO = "dpo"
    """Of two answers to one prompt the better: direct preference optimisation (arXiv 2305.18290)."""


class FinetuneConfig(BaseModel):
    """How winners become a LoRA adapter."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    loss: Loss = Loss.SFT
    """What is made likelier: `sft`, the winners' answers; `kto`, theirs at the cost of others'; `dpo`, of two
    answers to one prompt the better."""
    beta: float = Field(default=0.1, gt=0.0)
    """Under `kto` and `dpo`, how dear it is to leave the base model (no unit; TRL's default): an answer's
    reward is this times its log-probability relative to the base model's. Of no effect under `sft`."""
    rank: int = Field(default=16, ge=1)
    """Rank of the LoRA matrices, in dimensions."""
    alpha: int = Field(default=32, ge=1)
    """LoRA's numerator: updates are scaled by alpha / rank (no unit)."""
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the inputs of every LoRA matrix that is dropped while training, in [0, 1)."""
    target_modules: tuple[str, ...] = Field(default=ATTENTION_AND_MLP, min_length=1)
    """Names of the linear layers that get LoRA matrices; by default a Llama block's seven projections."""
    learning_rate: float = Field(default=2e-3, gt=0.0)
    """AdamW's peak learning rate, falling linearly to 0 over the steps (per step)."""
    epochs: int = Field(default=8, ge=1)
    """Passes over the examples, unless `max_steps` comes first."""
    max_steps: int = Field(default=120, ge=1)
    """Cap on optimiser steps, which bounds the time of late cycles."""
    batch_size: int = Field(default=8, ge=1)
    """Examples in a forward pass; under `dpo` pairs."""
    gradient_accumulation: int = Field(default=1, ge=1)
    """Forward passes for each optimiser step."""
    warmup_steps: int = Field(default=4, ge=0)
    """Optimiser steps over which the learning rate rises from 0; at most a quarter of all steps."""
    weight_decay: float = Field(default=0.0, ge=0.0)
    """AdamW's decoupled weight decay (per step, times the learning rate)."""
    max_gradient_norm: float = Field(default=1.0, gt=0.0)
    """Gradients with a larger global L2 norm are scaled down to it."""
    max_length: int = Field(default=1024, ge=2)
    """Longest row, prompt and completion together, in tokens; longer rows are cut at the end and counted."""
    replay: float = Field(default=0.0, ge=0.0)
    """Rows of the base corpus mixed in for each winner (a ratio: 0.5 adds one row for every two winners)."""
    min_examples: int = Field(default=8, ge=1)
    """Winners, under `dpo` pairs, below which the loop does not fine-tune a cycle at all."""
    start: Literal["base", "previous"] = "base"
    """Where training starts: afresh from the base model, or from the adapter of the last cycle."""
    threads: int = Field(default=1, ge=1)
    """Threads of torch on the CPU; one is fastest for models of a few million parameters."""
    device: str = Field(default="cpu", pattern=r"^(cpu|cuda(:\d+)?)$")
    """Where training runs: `cpu`, `cuda`, or one of several GPUs, for example `cuda:1`."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Type of the base model's weights and of the arithmetic; bit-reproducible only in float32 on a CPU. The
    adapter's own weights are float32 in any case: bfloat16 would round small steps away."""
    quantization: Literal["none", "nf4"] = "none"
    """`nf4` holds the base model's linear layers in 4 bits, doubly quantised (QLoRA, arXiv 2305.14314), and
    needs the extra `quant`. It is never replaced by another precision."""
    gradient_checkpointing: bool = False
    """Whether activations are computed again in the backward pass instead of being kept: a third more time
    for a fraction of their memory."""
    own_process: bool = False
    """Whether a training on the CPU runs in a process of its own, as one on a GPU always does: the end of the
    process is what gives all its memory back."""

    @property
    def runs_in_own_process(self) -> bool:
        """Whether each training gets a process of its own."""
        return self.own_process or self.device != "cpu"

    @model_validator(mode="after")
    def _the_loss_has_its_rows(self) -> FinetuneConfig:
        if self.loss is Loss.DPO and self.replay:
            raise ValueError(
                "replayed rows have no worse answer beside them: set replay to 0 under loss 'dpo'"
            )
        if self.loss is Loss.KTO and self.batch_size < 2:
            raise ValueError("loss 'kto' compares the rows of a batch: set batch_size to 2 or more")
        return self

    def rows(self, examples: int, rejected: int) -> int:
        """Return the rows of one pass over so many answers; a pair is one row."""
        return examples + rejected if self.loss is Loss.KTO else examples

    @property
    def batch_answers(self) -> int:
        """Answers in a forward pass with gradients; a pair has two."""
        return 2 * self.batch_size if self.loss is Loss.DPO else self.batch_size

    def planned_steps(self, examples: int) -> int:
        """Return the optimiser steps for so many rows: those of all epochs, at most `max_steps`."""
        return min(self.max_steps, self.epochs * self.steps_per_epoch(examples))

    def steps_per_epoch(self, examples: int) -> int:
        """Return the optimiser steps of one pass over so many rows; an incomplete last batch is a step."""
        return math.ceil(examples / (self.batch_size * self.gradient_accumulation))
