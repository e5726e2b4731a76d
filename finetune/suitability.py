"""Whether a model can be fine-tuned as configured: its layers by name, and its chat template by one row.

A run asks before it makes anything, and a training asks again of the model that it has loaded.

This module does *not* load a tokenizer or a model, and imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpus.records.trainings import TrainingExample
from finetune.config import FinetuneConfig, FinetuneError
from finetune.rows import render_row

_LINEAR = ("Linear", "Conv1D", "Linear4bit", "Linear8bitLt")


def layer_kinds(model: Any) -> dict[str, str]:
    """Return the class name of each module of a model by its path."""
    return {path: type(module).__name__ for path, module in model.named_modules()}


def check_suitable(
    tokenizer: Any,
    layers: Mapping[str, str],
    example: TrainingExample,
    end_tokens: frozenset[int],
    config: FinetuneConfig,
) -> None:
    """Check that a model can learn such examples as `config` says.

    Args:
        tokenizer: The model's tokenizer.
        layers: Its layers, see `layer_kinds`.
        example: An example of those to come.
        end_tokens: Ids of the tokens that end a generation.
        config: Settings of the fine-tuning.

    Raises:
        FinetuneError: A target module is no layer, or the chat template cannot teach what it samples.
    """
    check_targets(layers, config)
    row = render_row(tokenizer, example, end_tokens=end_tokens, max_length=config.max_length)
    if isinstance(row, str):
        raise FinetuneError(f"{tokenizer.name_or_path} cannot be fine-tuned: {row}.")


def check_targets(layers: Mapping[str, str], config: FinetuneConfig) -> None:
    """Check that every target module is a layer: PEFT passes over those that are none without a word.

    Raises:
        FinetuneError: Some are none; the message names them, and the layers that there are.
    """
    missed = [
        name
        for name in config.target_modules
        if not any(path == name or path.endswith(f".{name}") for path in layers)
    ]
    if missed:
        linear = {path.rpartition(".")[2]: None for path, kind in layers.items() if kind in _LINEAR}
        raise FinetuneError(
            f"finetune.target_modules: the model has no layer called {', '.join(missed)}. Choose among "
            f"{', '.join(linear)}."
        )
