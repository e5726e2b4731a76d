"""What every loss hands to TRL alike, with everything off that writes, reports or talks to a network.

This module does *not* know a loss: `finetune.sft` and `finetune.preference` add what is theirs.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from finetune.config import FinetuneConfig

logger = logging.getLogger(__name__)


def shared_arguments(config: FinetuneConfig, rows: int, seed: int, directory: Path) -> dict[str, Any]:
    """Return the arguments by TRL's names.

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
