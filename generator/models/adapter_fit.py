"""Whether a LoRA adapter belongs on a model, by the shapes of both: no weights are read.

This module does *not* say which adapter it is (`corpus.records.adapters`), and loads none.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from corpus.records.adapters import CONFIG_FILE, WEIGHTS_FILE, AdapterError, adapter_hash

_LORA = re.compile(r"(?:base_model\.model\.)?(?P<layer>.+)\.lora_(?P<side>[AB])(?:\.\w+)?\.weight")
_SIDE = {"A": (1, "in_features", "inputs"), "B": (0, "out_features", "outputs")}
"""Of each LoRA matrix: the dimension that meets the layer, what the layer calls it, and the word for it."""


def check_adapter(adapter: Path, model: Any, name: str) -> None:
    """Check that the folder `adapter` holds a LoRA adapter whole, and that it fits `model`.

    Args:
        adapter: A folder as PEFT writes it.
        model: The base model; its `meta` skeleton is enough.
        name: What the model is called.

    Raises:
        AdapterError: It is none, is cut short, or is that of another model.
    """
    adapter_hash(adapter)
    rank = _rank(adapter / CONFIG_FILE)
    layers = dict(model.named_modules())
    found = 0
    for tensor, shape in _shapes(adapter / WEIGHTS_FILE).items():
        matched = _LORA.fullmatch(tensor)
        if matched is None or len(shape) != 2:
            continue  # DoRA's magnitudes, LoRA on embeddings or convolutions: PEFT will see
        found += 1
        dimension, attribute, word = _SIDE[matched["side"]]
        layer = layers.get(matched["layer"])
        width = getattr(layer, attribute, None)
        fault = None
        if layer is None:
            fault = f"the model has no layer {matched['layer']}"
        elif width is not None and shape[dimension] != width:
            fault = f"{matched['layer']} has {width} {word}, the adapter {shape[dimension]}"
        elif rank is not None and shape[1 - dimension] != rank:
            fault = f"{CONFIG_FILE} says rank {rank}, {tensor} has {shape[1 - dimension]}"
        if fault is not None:
            raise AdapterError(
                f"{adapter} does not fit generator.model = '{name}': {fault}. Name an adapter of this model, "
                "or the adapter's own model."
            )
    if not found:
        raise AdapterError(f"{adapter} holds no LoRA weights. Name a folder that PEFT wrote.")


def _rank(path: Path) -> int | None:
    """Return the rank of every matrix, None where the settings give some another one."""
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        kind, rank = settings["peft_type"], settings["r"]
        varied = settings.get("rank_pattern")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AdapterError(
            f"{path} holds no settings of a LoRA adapter ({type(error).__name__}: {error}). Copy the adapter "
            "again, or train it anew."
        ) from error
    if kind != "LORA":
        raise AdapterError(f"{path.parent} holds an adapter of kind {kind}; archloop takes LORA alone.")
    return rank if isinstance(rank, int) and not varied else None


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise AdapterError(
            f"{path} holds no readable adapter weights ({error}). Copy the adapter again, or train it anew."
        ) from error
