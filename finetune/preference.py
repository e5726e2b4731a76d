"""Preference tuning: some completions become likelier than others. By TRL's `KTOTrainer` and `DPOTrainer`.

    kto   completions are labelled as desirable or not (Ethayarajh et al. 2024, arXiv 2402.01306)
    dpo   of two answers to one prompt one is preferred (Rafailov et al. 2023, arXiv 2305.18290)

Both compare the model with a reference, which is the base model with the adapter switched off, also where
the adapter is one that training goes on from: no second model is held, and no adapter drifts from the base
further than `beta` allows, however many cycles it was trained in.

This module does *not* decide what is preferred, load a model or run a training. Importing it takes seconds.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer

from corpus.records.base import derive_seed
from finetune.arguments import shared_arguments
from finetune.config import FinetuneConfig
from finetune.job import TrainingJob
from finetune.rows import Row


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
        **shared_arguments(config, len(pairs), job.seed, job.output_dir),
        beta=config.beta,
        disable_dropout=config.dropout == 0.0,
    )
    trainer = DPOTrainer(args=arguments, train_dataset=datasets.Dataset.from_list(pairs), **parts)
    parts["model"].delete_adapter(_REFERENCE)
    return trainer


_REFERENCE = "ref"
"""TRL's name for the frozen copy that it makes of an adapter; without it, it switches the adapter off."""


def balancing_weights(desirable: int, undesirable: int) -> tuple[float, float]:
    """Return the weights of the two labels under which both count alike; the more frequent one has 1.

    Equation 8 of the paper asks that the ratio of the weighted numbers be between 1 and 4/3; here it is 1.
    """
    if not desirable or not undesirable:
        return 1.0, 1.0
    most = max(desirable, undesirable)
    return most / desirable, most / undesirable


def _kto_arguments(
    config: FinetuneConfig, desirable: int, undesirable: int, seed: int, directory: Path
) -> KTOConfig:
    weights = balancing_weights(desirable, undesirable)
    return KTOConfig(
        **shared_arguments(config, desirable + undesirable, seed, directory),
        beta=config.beta,
        desirable_weight=weights[0],
        undesirable_weight=weights[1],
        disable_dropout=config.dropout == 0.0,
        train_sampling_strategy="sequential",
    )
