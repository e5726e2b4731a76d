"""The size of a language model, counted from its configuration alone: no weights are read.

The model is built on torch's `meta` device, where tensors have shapes and no memory, so every parameter is
counted as the library would make it. For two models the configuration is known here, so that a plan for
them needs no download.

This module does *not* know what the numbers are for (`cycles.preflight.memory_plan` does) and imports torch
only when a model is described.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from corpus.records.base import Record
from generator.models.loading import load_config, skeleton
from generator.models.places import ModelNotFoundError, cached_snapshot, resolve_model

KNOWN: dict[str, dict[str, Any]] = {
    "deepseek-ai/deepseek-coder-7b-instruct-v1.5": {
        "model_type": "llama",
        "vocab_size": 102_400,
        "hidden_size": 4096,
        "intermediate_size": 11_008,
        "num_hidden_layers": 30,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "max_position_embeddings": 4096,
        "tie_word_embeddings": False,
        "dtype": "bfloat16",
    },
    "Qwen/Qwen2.5-Coder-7B-Instruct": {
        "model_type": "qwen2",
        "vocab_size": 152_064,
        "hidden_size": 3584,
        "intermediate_size": 18_944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "max_position_embeddings": 32_768,
        "tie_word_embeddings": False,
        "dtype": "bfloat16",
    },
}
"""Of these models' `config.json` on the Hugging Face hub, what decides their size."""


class ModelSize(Record):
    """How large a decoder-only language model is, in all that memory depends on.

    Attributes:
        source: Where its configuration comes from.
        parameters: All parameters.
        linear_parameters: Those of linear layers but the output head: what 4-bit quantisation shrinks.
        lora_widths: For each name of a linear layer, inputs plus outputs, summed over all layers of the name.
        hidden: Width of the residual stream.
        intermediate: Inner width of an MLP.
        layers: Number of blocks.
        kv_heads: Heads of keys and values in a block.
        head_dim: Width of a head.
        vocabulary: Tokens.
        context: Longest sequence, in tokens.
        dtype: Type of the weights in the model's files.
    """

    source: str
    parameters: int
    linear_parameters: int
    lora_widths: dict[str, int]
    hidden: int
    intermediate: int
    layers: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context: int
    dtype: str

    def kv_bytes_per_token(self, value_bytes: int) -> int:
        """Return the bytes of keys and values that one token leaves in the cache."""
        return 2 * self.layers * self.kv_heads * self.head_dim * value_bytes

    def lora_parameters(self, rank: int, target_modules: Collection[str]) -> int:
        """Return the parameters of a LoRA adapter: rank x (inputs + outputs) for every layer adapted."""
        return rank * sum(self.lora_widths.get(name, 0) for name in target_modules)


def describe(model: str) -> ModelSize:
    """Return the sizes of `generator.model`, from its `config.json` or from what is known here.

    Raises:
        ModelNotFoundError: It is neither on this machine nor known here.
        ModelError: Its configuration is damaged, or needs code of its own.
    """
    folder = _folder(model)
    if folder is not None:
        return _measured(load_config(folder), folder, f"{folder.name}/config.json")
    if model not in KNOWN:
        raise ModelNotFoundError(
            f"generator.model = '{model}' is not on this machine, so its size is unknown. Its config.json is "
            f"enough for a plan: hf download {model} config.json. Known without it: {', '.join(KNOWN)}."
        )
    from transformers import AutoConfig

    settings = dict(KNOWN[model])
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    return _measured(config, model, "built-in facts")


def _folder(model: str) -> Path | None:
    """Return the folder with the model's `config.json`, None where it is not on this machine."""
    if model == "embedded":
        return Path(resolve_model(model))
    if (Path(model) / "config.json").is_file():
        return Path(model)
    return cached_snapshot(model) if "/" in model and not Path(model).is_absolute() else None


def _measured(config: Any, place: str | Path, source: str) -> ModelSize:
    import torch

    model = skeleton(config, place)
    head = model.get_output_embeddings()
    linear, widths = 0, dict[str, int]()
    for path, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and module is not head:
            linear += module.weight.numel()
            name = path.rpartition(".")[2]
            widths[name] = widths.get(name, 0) + module.in_features + module.out_features
    heads = config.num_attention_heads
    return ModelSize(
        source=source,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        linear_parameters=linear,
        lora_widths=widths,
        hidden=config.hidden_size,
        intermediate=config.intermediate_size,
        layers=config.num_hidden_layers,
        kv_heads=getattr(config, "num_key_value_heads", None) or heads,
        head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads,
        vocabulary=config.vocab_size,
        context=config.max_position_embeddings,
        dtype=str(config.dtype or "float32").removeprefix("torch."),
    )
