"""One fine-tuning from end to end: the model is loaded, adapted and trained, and the adapter is written.

With `finetune.losses` the only file that knows TRL and PEFT. This one does *not* choose examples, name
directories or guard against interruption: `finetune.trainer` does. Importing it takes seconds (torch,
transformers, PEFT, TRL), so it is imported where a training starts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file

from corpus.records.adapters import CONFIG_FILE, WEIGHTS_FILE
from finetune.base_model import check_ready, end_tokens, load_base
from finetune.config import FinetuneConfig, FinetuneError, Loss
from finetune.global_state import preserved, quiet
from finetune.job import StepCallback, TrainingJob
from finetune.losses import dpo_trainer, kto_trainer, supervised_trainer
from finetune.rows import CompletionOnlyCheck, Row, render_pairs, render_row, render_rows
from finetune.suitability import check_targets, layer_kinds

_LESS_MEMORY = (
    "set finetune.gradient_checkpointing, lower finetune.batch_size (and raise gradient_accumulation) or "
    "finetune.max_length, or set finetune.quantization to 'nf4'; archloop run --dry-run shows the plan"
)


@dataclass(frozen=True)
class Fitted:
    """What a training did.

    Attributes:
        examples: Rows trained on, of pairs the chosen.
        rejected: Rows that the model was led away from.
        truncated: How many of both were cut to the maximal length.
        trainable_parameters: Parameters of the adapter.
        losses: The loss at each optimiser step: under `sft` the mean per completion token, in nats.
    """

    examples: int
    rejected: int
    truncated: int
    trainable_parameters: int
    losses: list[float]


def fit(model: str | Path, config: FinetuneConfig, job: TrainingJob) -> Fitted:
    """Train an adapter and write its weights and settings to `job.output_dir`, which is there and empty.

    Training starts from `job.previous` wherever there is one; see `LoraTrainer.train`.
    """
    check_ready(config)
    with preserved(config), quiet():
        transformers.set_seed(job.seed)  # The adapter's initial weights.
        tokenizer, base = load_base(model, config)
        rows, rejected = _rendered(tokenizer, end_tokens(tokenizer, base), config, job)
        base.config.use_cache = False  # a cache of keys and values is for generation
        adapted = _adapt(base, config, job.previous)
        trainable = sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
        if trainable == 0:
            raise RuntimeError("the adapter has no trainable parameter: the training would change nothing")
        losses = _Losses(job.on_step)
        parts = {"model": adapted, "processing_class": tokenizer, "callbacks": [losses]}
        trainer = _trainer(config, job, rows, rejected, parts)
        trainer.remove_callback(transformers.PrinterCallback)  # It prints to standard output.
        check = CompletionOnlyCheck(trainer.data_collator, [*rows, *rejected])
        trainer.data_collator = check
        _keep_in_float32(adapted)
        try:
            trainer.train()
        except torch.OutOfMemoryError as error:
            raise FinetuneError(f"the GPU's memory is too small for the training: {_LESS_MEMORY}") from error
        if not check.checked:
            raise RuntimeError("the training library went past the check of its labels")
        _save(adapted, job.output_dir, model)
    truncated = sum(row.truncated for row in (*rows, *rejected))
    return Fitted(len(rows), len(rejected), truncated, trainable, losses.values)


def _rendered(
    tokenizer: Any, ends: frozenset[int], config: FinetuneConfig, job: TrainingJob
) -> tuple[list[Row], list[Row]]:
    """Return the rows to learn, and those to be led away from."""
    if config.loss is Loss.DPO:
        return render_pairs(
            tokenizer, job.examples, job.rejected, end_tokens=ends, max_length=config.max_length
        )
    rows = render_rows(tokenizer, job.examples, end_tokens=ends, max_length=config.max_length)
    if config.loss is Loss.SFT:
        return rows, []
    rejected = (
        render_row(tokenizer, each, end_tokens=ends, max_length=config.max_length) for each in job.rejected
    )
    return rows, [row for row in rejected if isinstance(row, Row)]


def _trainer(
    config: FinetuneConfig,
    job: TrainingJob,
    rows: Sequence[Row],
    rejected: Sequence[Row],
    parts: Mapping[str, Any],
) -> Any:
    """Return TRL's trainer for the loss of `config`."""
    match config.loss:
        case Loss.SFT:
            return supervised_trainer(config, job, rows, parts)
        case Loss.KTO:
            return kto_trainer(config, job, rows, rejected, parts)
        case Loss.DPO:
            return dpo_trainer(config, job, rows, rejected, parts)


def _keep_in_float32(adapted: PeftModel) -> None:
    """Undo TRL's cast of adapters on quantised models to bfloat16, before the optimiser sees them.

    bfloat16 has 8 bits of precision, so that AdamW at a learning rate of 1e-5 could not move a weight of
    0.01 at all.
    """
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


class _Losses(transformers.TrainerCallback):
    """Keeps every step's loss, passes it on, and stops a training that has diverged."""

    def __init__(self, on_step: StepCallback | None) -> None:
        self.values: list[float] = []
        self._on_step = on_step

    def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, float], **_: Any) -> None:
        if "loss" not in logs:
            return  # The summary at the end of training.
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise FinetuneError(
                f"the loss is {loss} at step {state.global_step}: lower finetune.learning_rate"
            )
        self.values.append(loss)
        if self._on_step is not None:
            self._on_step(state.global_step, state.max_steps, loss)


def _adapt(base: Any, config: FinetuneConfig, previous: Path | None) -> PeftModel:
    """Return the base model with a trainable adapter: the previous one, or a fresh one without effect yet."""
    if previous is not None:
        try:
            # Without is_trainable PEFT loads an adapter frozen, and the training silently changes nothing.
            return PeftModel.from_pretrained(base, str(previous), is_trainable=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise FinetuneError(
                f"the adapter in {previous} does not fit the model: {' '.join(str(error).split())}"
            ) from error
    check_targets(layer_kinds(base), config)
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.target_modules),
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(base, lora)
    except ValueError as error:
        raise FinetuneError(f"finetune.target_modules does not fit the model: {error}") from error


def _save(adapted: PeftModel, directory: Path, model: str | Path) -> None:
    """Write the adapter as plain PEFT reads it, and nothing that names this machine.

    PEFT's own `save_pretrained` also writes a model card, and records the base model's absolute path.
    """
    weights = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    save_file(weights, directory / WEIGHTS_FILE, metadata={"format": "pt"})
    settings = adapted.peft_config["default"]
    settings.inference_mode = True
    settings.base_model_name_or_path = Path(model).resolve().name if Path(model).is_dir() else str(model)
    settings.save_pretrained(str(directory))
    path = directory / CONFIG_FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    content["target_modules"].sort()  # PEFT writes a set, in the order of its hashes.
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
