"""One supervised fine-tuning with TRL's `SFTTrainer` and PEFT's LoRA; the only file that knows the two.

It does *not* choose examples, name directories or guard against interruption: `finetune.trainer` does.
Importing it takes seconds (torch, transformers, PEFT, TRL), so it is imported where a training starts.
"""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from trl import SFTConfig, SFTTrainer

from corpus.records.adapters import CONFIG_FILE, WEIGHTS_FILE
from finetune.base_model import check_ready, end_tokens, load_base
from finetune.config import FinetuneConfig, FinetuneError
from finetune.global_state import preserved, quiet
from finetune.job import StepCallback, TrainingJob
from finetune.rows import CompletionOnlyCheck, render_rows
from finetune.suitability import check_targets, layer_kinds

logger = logging.getLogger(__name__)

LOGITS_IN_MEMORY_BYTES = 256 << 20
"""Where a batch's scores `(B, T, vocabulary)` fit in this many bytes, all of them are kept in memory."""


_LESS_MEMORY = (
    "set finetune.gradient_checkpointing, lower finetune.batch_size (and raise gradient_accumulation) or "
    "finetune.max_length, or set finetune.quantization to 'nf4'; archloop run --dry-run shows the plan"
)


@dataclass(frozen=True)
class Fitted:
    """What a training did.

    Attributes:
        examples: Rows trained on.
        truncated: How many of them were cut to the maximal length.
        trainable_parameters: Parameters of the adapter.
        losses: Mean loss per completion token (nats) at each optimiser step.
    """

    examples: int
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
        rows = render_rows(
            tokenizer, job.examples, end_tokens=end_tokens(tokenizer, base), max_length=config.max_length
        )
        base.config.use_cache = False  # a cache of keys and values is for generation
        adapted = _adapt(base, config, job.previous)
        trainable = sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
        if trainable == 0:
            raise RuntimeError("the adapter has no trainable parameter: the training would change nothing")
        losses = _Losses(job.on_step)
        trainer = _trainer_class(config, base.config.vocab_size)(
            model=adapted,
            args=_arguments(config, len(rows), job.seed, job.output_dir),
            train_dataset=datasets.Dataset.from_list([row.conversation() for row in rows]),
            processing_class=tokenizer,
            callbacks=[losses],
        )
        trainer.remove_callback(transformers.PrinterCallback)  # It prints to standard output.
        check = CompletionOnlyCheck(trainer.data_collator, rows)
        trainer.data_collator = check
        _keep_in_float32(adapted)
        try:
            trainer.train()
        except torch.OutOfMemoryError as error:
            raise FinetuneError(f"the GPU's memory is too small for the training: {_LESS_MEMORY}") from error
        if not check.checked:
            raise RuntimeError("the training library went past the check of its labels")
        _save(adapted, job.output_dir, model)
    return Fitted(len(rows), sum(row.truncated for row in rows), trainable, losses.values)


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


def _keep_in_float32(adapted: PeftModel) -> None:
    """Undo TRL's cast of adapters on quantised models to bfloat16, before the optimiser sees them.

    bfloat16 has 8 bits of precision, so that AdamW at a learning rate of 1e-5 could not move a weight of
    0.01 at all.
    """
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def _trainer_class(config: FinetuneConfig, vocabulary: int) -> type[SFTTrainer]:
    logits_bytes = 4 * config.batch_size * config.max_length * vocabulary
    return _FullLogitsTrainer if logits_bytes <= LOGITS_IN_MEMORY_BYTES else SFTTrainer


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


def _arguments(config: FinetuneConfig, rows: int, seed: int, directory: Path) -> SFTConfig:
    """Return TRL's arguments for `config`, with everything off that writes, reports or talks to a network."""
    steps = config.planned_steps(rows)
    if steps < config.steps_per_epoch(rows):
        logger.warning(
            "max_steps (%d) ends the training before every example was seen once.", config.max_steps
        )
    on_cpu = config.device == "cpu"
    return SFTConfig(
        output_dir=str(directory),
        max_steps=steps,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation,
        learning_rate=config.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=min(config.warmup_steps, steps // 4),
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_gradient_norm,
        max_length=config.max_length,
        packing=False,
        completion_only_loss=True,
        seed=seed,
        data_seed=seed,
        use_cpu=on_cpu,
        bf16=config.dtype == "bfloat16",
        gradient_checkpointing=config.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if config.gradient_checkpointing else None,
        dataloader_pin_memory=not on_cpu,
        train_sampling_strategy="group_by_length",  # Less padding: a quarter more steps per second.
        logging_steps=1,  # Each step's loss reaches `_Losses`.
        logging_nan_inf_filter=False,  # Otherwise a diverged loss is logged as the last finite one.
        report_to="none",
        save_strategy="no",
        eval_strategy="no",
        disable_tqdm=True,
    )


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
