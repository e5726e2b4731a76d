"""Supervised fine-tuning: the likelihood of the completions rises. By TRL's `SFTTrainer`.

This module does *not* load a model or run a training: `finetune.fitting` does. Importing it takes seconds
(torch, transformers, TRL).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import transformers
from trl import SFTConfig, SFTTrainer

from finetune.arguments import shared_arguments
from finetune.config import FinetuneConfig
from finetune.job import TrainingJob
from finetune.rows import Row

LOGITS_IN_MEMORY_BYTES = 256 << 20
"""Where a batch's scores `(B, T, vocabulary)` fit in this many bytes, all of them are kept in memory."""


def supervised_trainer(
    config: FinetuneConfig, job: TrainingJob, rows: Sequence[Row], parts: Mapping[str, Any]
) -> SFTTrainer:
    """Return TRL's trainer on `rows`, with `parts`: its model, tokenizer and callbacks by its names."""
    return _trainer_class(config, parts["model"].config.vocab_size)(
        args=_arguments(config, len(rows), job.seed, job.output_dir),
        train_dataset=datasets.Dataset.from_list([row.conversation() for row in rows]),
        **parts,
    )


class _FullLogitsTrainer(SFTTrainer):
    """The same loss without TRL's tiles, which score every token again in the backward pass to save memory.

    On a model of 1.5 million parameters that, with the entropy and accuracy that TRL reports, is a seventh
    of a step.
    """

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the mean loss per completion token, as transformers' own trainer computes it."""
        return transformers.Trainer.compute_loss(self, model, inputs, return_outputs, num_items_in_batch)


def _trainer_class(config: FinetuneConfig, vocabulary: int) -> type[SFTTrainer]:
    logits_bytes = 4 * config.batch_size * config.max_length * vocabulary
    return _FullLogitsTrainer if logits_bytes <= LOGITS_IN_MEMORY_BYTES else SFTTrainer


def _arguments(config: FinetuneConfig, rows: int, seed: int, directory: Path) -> SFTConfig:
    return SFTConfig(
        **shared_arguments(config, rows, seed, directory),
        packing=False,
        completion_only_loss=True,
        train_sampling_strategy="group_by_length",  # Less padding: a quarter more steps per second.
    )
