"""The pre-training loop: one process, one thread, float32, checkpoints that resume where they stopped.

This module does *not* measure anything but the loss, and it does not ship the result.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from corpus.files.whole import file_in_the_making
from generator.pretraining.batching import IGNORED, Batch, batch_indices, collate
from generator.pretraining.optimizer import build_optimizers, learning_rate_factor
from generator.pretraining.text import EncodedExample

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """How long to train and how often to report.

    Attributes:
        epochs: Passes over the examples.
        batch_size: Programs in an optimiser step.
        seed: Seeds the order of the batches.
        log_seconds: Time between two log lines.
        checkpoint_seconds: Time between two checkpoints.
    """

    epochs: int = 1
    batch_size: int = 8
    seed: int = 0
    log_seconds: float = 60.0
    checkpoint_seconds: float = 300.0


def completion_loss(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    """Return the mean cross entropy over the labelled positions (scalar)."""
    hidden = model.model(input_ids=batch.tokens, use_cache=False).last_hidden_state  # (B, T, D)
    labelled = batch.labels != IGNORED
    logits = model.lm_head(hidden[labelled])  # (N, V): only positions that carry loss
    return functional.cross_entropy(logits, batch.labels[labelled])


class Pretrainer:
    """Trains `model` on `examples` and keeps a resumable checkpoint in `directory`.

    Args:
        model: Trained in place.
        tokenizer: Saved beside the model.
        examples: The text, in memory.
        schedule: How long.
        directory: Receives `checkpoint/` (a model that transformers loads) and `state.pt`.
    """

    def __init__(
        self,
        model: LlamaForCausalLM,
        tokenizer: PreTrainedTokenizerFast,
        examples: Sequence[EncodedExample],
        schedule: Schedule,
        directory: Path,
    ) -> None:
        self.model, self.tokenizer, self.examples = model, tokenizer, examples
        self.schedule, self.directory = schedule, directory
        self.optimizers = build_optimizers(model)
        self.peak_rates = [group["lr"] for optimizer in self.optimizers for group in optimizer.param_groups]
        self.step = 0
        lengths = [len(example.tokens) for example in examples]
        rng = random.Random(schedule.seed)
        self.batches = [
            batch
            for _ in range(schedule.epochs)
            for batch in batch_indices(lengths, schedule.batch_size, rng)
        ]

    def run(self, seconds: float | None = None) -> None:
        """Train to the end, or for `seconds`; either way a checkpoint is written at the end."""
        pad_id = self.tokenizer.pad_token_id
        started = logged = saved = time.monotonic()
        losses: list[float] = []
        tokens = 0
        while self.step < len(self.batches):
            batch = collate([self.examples[index] for index in self.batches[self.step]], pad_id)
            losses.append(self._update(batch))
            tokens += int((batch.tokens != pad_id).sum())
            now = time.monotonic()
            over = self.step == len(self.batches) or (seconds is not None and now - started >= seconds)
            if over or now - logged >= self.schedule.log_seconds:
                self._log(losses, tokens / (now - logged))
                losses, tokens, logged = [], 0, now
            if over or now - saved >= self.schedule.checkpoint_seconds:
                self.save()
                saved = now
            if over:
                return

    def _log(self, losses: Sequence[float], tokens_per_second: float) -> None:
        logger.info(
            "step %d/%d loss %.4f tokens/s %.0f",
            self.step, len(self.batches), sum(losses) / len(losses), tokens_per_second,
        )  # fmt: skip

    def _update(self, batch: Batch) -> float:
        factor = learning_rate_factor(self.step, len(self.batches))
        groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        for group, peak in zip(groups, self.peak_rates, strict=True):
            group["lr"] = peak * factor
        self.model.train()
        loss = completion_loss(self.model, batch)
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return float(loss.detach())

    @property
    def checkpoint(self) -> Path:
        """Folder of the newest weights, with their tokenizer."""
        return self.directory / "checkpoint"

    def save(self) -> None:
        """Write the model for transformers and the state for `resume`; the state is replaced atomically."""
        self.model.save_pretrained(self.checkpoint)
        self.tokenizer.save_pretrained(self.checkpoint)
        state = {
            "step": self.step,
            "steps": len(self.batches),
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        with file_in_the_making(self.directory / "state.pt") as partial:
            torch.save(state, partial)

    def resume(self) -> None:
        """Continue from `state.pt` if it is there.

        Raises:
            ValueError: It belongs to a training of another length.
        """
        path = self.directory / "state.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        if state["steps"] != len(self.batches):
            raise ValueError(f"{path} is of a training of {state['steps']} steps, not {len(self.batches)}")
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step = state["step"]
        logger.info("resumed at step %d of %d", self.step, len(self.batches))
