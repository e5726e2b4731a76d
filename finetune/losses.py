"""The losses, each as one of TRL's trainers: what a fine-tuning makes likelier.

    sft   completions: supervised fine-tuning
    kto   completions that are labelled as desirable, at the cost of those that are labelled as undesirable
          (Ethayarajh et al. 2024, arXiv 2402.01306)
    dpo   of two answers to one prompt the one that is preferred (Rafailov et al. 2023, arXiv 2305.18290)

The last two compare the model with a reference, which is the base model with the adapter switched off, also
where the adapter is one that training goes on from: no second model is held, and no adapter drifts from the
base further than `beta` allows, however many cycles it was trained in.

This module does *not* decide what is preferred, load a model or run a training: `finetune.fitting` does the
last two. Importing it takes seconds (torch, transformers, TRL).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import transformers
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

from corpus.records.base import derive_seed
from finetune.config import FinetuneConfig
from finetune.job import TrainingJob
from finetune.rows import Row

logger = logging.getLogger(__name__)

LOGITS_IN_MEMORY_BYTES = 256 << 20
"""Where a batch's scores `(B, T, vocabulary)` fit in this many bytes, all of them are kept in memory."""

_REFERENCE = "ref"
"""TRL's name for the frozen copy that it makes of an adapter; without it, it switches the adapter off."""


def supervised_trainer(
    config: FinetuneConfig, job: TrainingJob, rows: Sequence[Row], parts: Mapping[str, Any]
) -> SFTTrainer:
    """Return TRL's trainer on `rows`, with `parts`: its model, tokenizer and callbacks by its names."""
    return _trainer_class(config, parts["model"].config.vocab_size)(
        args=_sft_arguments(config, len(rows), job.seed, job.output_dir),
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


def kto_trainer(
    config: FinetuneConfig,
    job: TrainingJob,
    desirable: Sequence[Row],
    undesirable: Sequence[Row],
    parts: Mapping[str, Any],
) -> KTOTrainer:
    """Return TRL's trainer on labelled completions, with `parts`: model, tokenizer and callbacks.

    TRL keeps the rows in the order given, because it pairs each with its neighbour's completion to estimate
    how far the model is from the reference: so they are shuffled here, once.
    """
    labelled = [row.conversation() | {"label": True} for row in desirable]
    labelled += [row.conversation() | {"label": False} for row in undesirable]
    random.Random(derive_seed(job.seed, "kto")).shuffle(labelled)
    arguments = _kto_arguments(config, len(desirable), len(undesirable), job.seed, job.output_dir)
    trainer = KTOTrainer(args=arguments, train_dataset=datasets.Dataset.from_list(labelled), **parts)
    parts["model"].delete_adapter(_REFERENCE)
    return trainer


def dpo_trainer(
    config: FinetuneConfig,
    job: TrainingJob,
    chosen: Sequence[Row],
    rejected: Sequence[Row],
    parts: Mapping[str, Any],
) -> DPOTrainer:
    """Return TRL's trainer on pairs, with `parts`; `rejected[k]` answers the prompt of `chosen[k]`."""
    pairs = [
        {"prompt": good["prompt"], "chosen": good["completion"], "rejected": bad["completion"]}
        for good, bad in zip(
            (row.conversation() for row in chosen), (row.conversation() for row in rejected), strict=True
        )
    ]
    arguments = DPOConfig(
        **_shared_arguments(config, len(pairs), job.seed, job.output_dir),
        beta=config.beta,
        disable_dropout=config.dropout == 0.0,
    )
    trainer = DPOTrainer(args=arguments, train_dataset=datasets.Dataset.from_list(pairs), **parts)
    parts["model"].delete_adapter(_REFERENCE)
    return trainer


def balancing_weights(desirable: int, undesirable: int) -> tuple[float, float]:
    """Return the weights of the two labels under which both count alike; the more frequent one has 1.

    Equation 8 of the paper asks that the ratio of the weighted numbers be between 1 and 4/3. Here it is 1,
    but for rounding up to hundredths: TRL rounds its bounds, and would warn of a weight just below one.
    """
    if not desirable or not undesirable:
        return 1.0, 1.0
    most = max(desirable, undesirable)
    return -(-100 * most // desirable) / 100, -(-100 * most // undesirable) / 100


def _sft_arguments(config: FinetuneConfig, rows: int, seed: int, directory: Path) -> SFTConfig:
    return SFTConfig(
        **_shared_arguments(config, rows, seed, directory),
        packing=False,
        completion_only_loss=True,
        train_sampling_strategy="group_by_length",  # Less padding: a quarter more steps per second.
    )


def _kto_arguments(
    config: FinetuneConfig, desirable: int, undesirable: int, seed: int, directory: Path
) -> KTOConfig:
    weights = balancing_weights(desirable, undesirable)
    return KTOConfig(
        **_shared_arguments(config, desirable + undesirable, seed, directory),
        beta=config.beta,
        desirable_weight=weights[0],
        undesirable_weight=weights[1],
        disable_dropout=config.dropout == 0.0,
        train_sampling_strategy="sequential",
    )


def _shared_arguments(config: FinetuneConfig, rows: int, seed: int, directory: Path) -> dict[str, Any]:
    """Return what all losses hand to TRL, with everything off that writes, reports or talks to a network.

    Args:
        config: How to train.
        rows: Rows in a pass over the data.
        seed: Seeds the order of the rows and dropout.
        directory: Where TRL would write, if it did.
    """
    steps = config.planned_steps(rows)
    if steps < config.steps_per_epoch(rows):
        logger.warning(
            "max_steps (%d) ends the training before every example was seen once.", config.max_steps
        )
    on_cpu = config.device == "cpu"
    return {
        "output_dir": str(directory),
        "max_steps": steps,
        "per_device_train_batch_size": config.batch_size,
        "gradient_accumulation_steps": config.gradient_accumulation,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": min(config.warmup_steps, steps // 4),
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_gradient_norm,
        "max_length": config.max_length,
        "seed": seed,
        "data_seed": seed,
        "use_cpu": on_cpu,
        "bf16": config.dtype == "bfloat16",
        "gradient_checkpointing": config.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False} if config.gradient_checkpointing else None,
        "dataloader_pin_memory": not on_cpu,
        "logging_steps": 1,  # Each step's loss reaches `finetune.fitting`.
        "logging_nan_inf_filter": False,  # Otherwise a diverged loss is logged as the last finite one.
        "report_to": "none",
        "save_strategy": "no",
        "eval_strategy": "no",
        "disable_tqdm": True,
    }
