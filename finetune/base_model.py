"""The base model under an adapter: tokenizer and weights, in exactly the precision that was asked for.

This module downloads nothing, runs no code from a model's folder, and does *not* put an adapter on the model.
Importing it takes seconds (torch, transformers).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import torch
import transformers

from corpus.records.chats import able_to_pad
from finetune.config import FinetuneConfig, FinetuneError


def check_ready(config: FinetuneConfig) -> None:
    """Check that this machine can train as `config` says.

    Raises:
        FinetuneError: The GPU, its bfloat16 or bitsandbytes is not there.
    """
    if config.quantization == "nf4" and importlib.util.find_spec("bitsandbytes") is None:
        raise FinetuneError(
            "finetune.quantization is 'nf4', which needs bitsandbytes: install the extra with "
            "pip install -e '.[quant]', or set finetune.quantization to 'none' if the GPU has the room"
        )
    if config.device == "cpu":
        return
    if not torch.cuda.is_available():
        raise FinetuneError(
            f"finetune.device is '{config.device}', but torch finds no CUDA device: set it to 'cpu'"
        )
    if config.dtype == "bfloat16" and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise FinetuneError("this GPU has no bfloat16: set finetune.dtype to 'float32'")


def load_base(model: str | Path, config: FinetuneConfig) -> tuple[Any, Any]:
    """Return the tokenizer and the base model, frozen by nobody yet, on the device of `config`.

    Raises:
        FinetuneError: They cannot be loaded from this machine, or there is no chat template.
        RuntimeError: The weights are not in the precision that was asked for.
    """
    placement = {} if config.device == "cpu" else {"device_map": {"": config.device}}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(model), local_files_only=True, trust_remote_code=False
        )
        base = transformers.AutoModelForCausalLM.from_pretrained(
            str(model),
            dtype=getattr(torch, config.dtype),
            quantization_config=quantization(config),
            local_files_only=True,
            trust_remote_code=False,
            **placement,
        )
    except (OSError, ValueError) as error:
        raise FinetuneError(f"cannot load the model {model}: {' '.join(str(error).split())}") from error
    if tokenizer.chat_template is None:
        raise FinetuneError(
            f"the tokenizer of {model} has no chat template, so prompts cannot be rendered: add one"
        )
    able_to_pad(tokenizer)
    _check_precision(base, config)
    return tokenizer, base


def quantization(config: FinetuneConfig) -> transformers.BitsAndBytesConfig | None:
    """Return how the base model's weights are quantised on loading, None where they are not.

    Raises:
        FinetuneError: bitsandbytes is not installed.
    """
    if config.quantization == "none":
        return None
    check_ready(config)
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, config.dtype),
    )


def _check_precision(base: Any, config: FinetuneConfig) -> None:
    """Refuse weights that a library loaded in another precision than it was told to."""
    quantised = any(type(module).__name__ == "Linear4bit" for module in base.modules())
    if quantised != (config.quantization == "nf4"):
        found = "in 4 bits" if quantised else "unquantised"
        raise RuntimeError(f"the base model is {found}, but finetune.quantization is {config.quantization}")
    wanted = getattr(torch, config.dtype)
    floating = {parameter.dtype for parameter in base.parameters() if parameter.dtype.is_floating_point}
    if wanted not in floating:  # a model may insist on float32 for some layers
        raise RuntimeError(f"the base model was loaded in {floating}, finetune.dtype is {config.dtype}")


def end_tokens(tokenizer: Any, base: Any) -> frozenset[int]:
    """Return the ids that end a generation, by the tokenizer's and the model's settings."""
    configured = base.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in [*ids, tokenizer.eos_token_id] if token is not None)
