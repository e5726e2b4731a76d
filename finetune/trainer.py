"""The trainer that the loop is given: examples in, a finished adapter directory and its `TrainingResult` out.

It does *not* decide whether a cycle trains, or on what (`finetune.examples` and the loop do), and it never
changes the base model's files. Importing it loads no torch; `train` does.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import replace
from pathlib import Path

from corpus.files.whole import directory_in_the_making, discard_partials, is_taken
from corpus.records.adapters import adapter_hash
from corpus.records.trainings import TrainingResult
from finetune.adapter import RESULT_FILE, check_compatible
from finetune.config import FinetuneConfig, FinetuneError, Loss
from finetune.job import TrainingJob

logger = logging.getLogger(__name__)

HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


class LoraTrainer:
    """Trains LoRA adapters for one base model."""

    def __init__(self, model: str | Path, config: FinetuneConfig) -> None:
        """Bind a base model to a configuration.

        Args:
            model: Directory of a transformers model with a tokenizer that has a chat template, or the name of
                one on the Hugging Face hub, `owner/name`.
            config: How to train.

        Raises:
            FinetuneError: If `model` is neither a directory nor such a name.
        """
        if not Path(model).is_dir() and (isinstance(model, Path) or not HUB_ID.fullmatch(model)):
            raise FinetuneError(
                f"no model at {model}: give a model's directory, or a hub name like owner/name"
            )
        self.model = model
        self.config = config

    def train(self, job: TrainingJob) -> TrainingResult:
        """Train an adapter as `job` says and write it to its `output_dir`.

        On the CPU the result depends on the job, the configuration and the base model alone: equal inputs
        give adapters of equal hash, whatever random numbers the process drew before. The process' random
        states and number of threads are as before afterwards. If anything is raised, by `on_step` too,
        nothing is left.

        Returns:
            What was done; the same is in `output_dir/training.json`.

        Raises:
            FinetuneError: If there is nothing to train on, the model or its tokenizer cannot be used,
                `previous` has other dimensions, `output_dir` is taken, or the loss is no longer finite.
            RuntimeError: If the training library would train nothing, or more than the completions.
        """
        if not job.examples:
            raise FinetuneError("there is no example to train on")
        if self.config.loss is not Loss.SFT and not job.rejected:
            raise FinetuneError(
                f"finetune.loss '{self.config.loss}' compares answers, and none is to be led away from: "
                "set finetune.loss to 'sft'"
            )
        if self.config.loss is Loss.DPO and len(job.rejected) != len(job.examples):
            raise FinetuneError(
                f"finetune.loss 'dpo' learns from pairs: {len(job.examples)} chosen answers, but "
                f"{len(job.rejected)} rejected ones; give one rejected answer for each"
            )
        previous = job.previous if self.config.start == "previous" else None
        if previous is not None:
            check_compatible(previous, self.config)
        if is_taken(job.output_dir):
            raise FinetuneError(
                f"{job.output_dir} exists already: choose another output directory, or remove it"
            )
        started = time.monotonic()
        discard_partials(job.output_dir)
        with directory_in_the_making(job.output_dir) as partial:
            # torch, transformers and TRL take seconds to import, so only a training pays for them.
            from finetune.fitting import fit

            fitted = fit(self.model, self.config, replace(job, output_dir=partial, previous=previous))
            tenth = max(1, len(fitted.losses) // 10)
            result = TrainingResult(
                adapter_hash=adapter_hash(partial),
                examples=fitted.examples,
                rejected=fitted.rejected,
                truncated=fitted.truncated,
                steps=len(fitted.losses),
                trainable_parameters=fitted.trainable_parameters,
                first_loss=sum(fitted.losses[:tenth]) / tenth,
                last_loss=sum(fitted.losses[-tenth:]) / tenth,
                seconds=time.monotonic() - started,
            )
            (partial / RESULT_FILE).write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
        logger.info(
            "Trained %s on %d examples (%d truncated): %d steps, loss %.3f -> %.3f, %.0f s.",
            result.adapter_hash,
            result.examples,
            result.truncated,
            result.steps,
            result.first_loss,
            result.last_loss,
            result.seconds,
        )
        return result
