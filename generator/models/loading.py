"""A model's files as transformers opens them: offline, without code of the model's own, faults in one line.

A stranger's folder can be wrong in any way, and the libraries answer with any exception (tokenizers raises
bare `Exception`): here, and nowhere above, each becomes a `ModelError`.

This module does *not* put adapters on models, and imports torch and transformers only when it opens
something.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus.records.chats import able_to_pad
from corpus.records.mistakes import Mistake
from generator.models.places import cached_snapshot

_OFFLINE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


class ModelError(Mistake):
    """A model that is there and cannot be used; the message is one line with the remedy."""


def load_tokenizer(model: str | Path) -> Any:
    """Return a model's tokenizer, which pads on the left, as sampling wants it."""
    from transformers import AutoTokenizer

    with _as_model_error(model):
        return able_to_pad(AutoTokenizer.from_pretrained(model, padding_side="left", **_OFFLINE))


def load_model(model: str | Path) -> Any:
    """Return a causal language model in the precision of its file, on the CPU."""
    from transformers import AutoModelForCausalLM

    with _as_model_error(model):
        return AutoModelForCausalLM.from_pretrained(model, dtype="auto", **_OFFLINE)


def load_config(model: str | Path) -> Any:
    """Return what `config.json` says of a model."""
    from transformers import AutoConfig

    with _as_model_error(model):
        return AutoConfig.from_pretrained(model, **_OFFLINE)


def skeleton(config: Any, model: str | Path) -> Any:
    """Return the model that `config` describes on torch's `meta` device, where tensors have shapes alone."""
    import torch
    from transformers import AutoModelForCausalLM

    with _as_model_error(model), torch.device("meta"):
        return AutoModelForCausalLM.from_config(config, trust_remote_code=False)


def end_tokens(model: str | Path, tokenizer: Any) -> frozenset[int]:
    """Return the tokens that end a completion, by the generation settings and the tokenizer.

    Raises:
        ModelError: There are none, so that no completion would ever end by itself.
    """
    from transformers import GenerationConfig

    try:
        settings = GenerationConfig.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError):  # most models come without generation_config.json
        settings = GenerationConfig.from_model_config(load_config(model))
    ends = ends_of(settings, tokenizer)
    if not ends:
        raise ModelError(
            f"{model} names no end token, so that no completion would end. Set eos_token in its "
            "tokenizer_config.json, or eos_token_id in its generation_config.json."
        )
    return ends


def ends_of(settings: Any, tokenizer: Any) -> frozenset[int]:
    """Return the end tokens of a model's generation settings and of its tokenizer."""
    configured = settings.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in (*ids, tokenizer.eos_token_id) if token is not None)


def check_weights(model: str | Path) -> None:
    """Check that a model's weight files are as long as they say, by their headers.

    Raises:
        ModelError: One is cut short or is none.
    """
    from safetensors import safe_open

    folder = model if isinstance(model, Path) else cached_snapshot(model)
    for file in sorted(folder.glob("*.safetensors")) if folder is not None else []:
        with _as_model_error(model), safe_open(file, framework="np"):  # compares header and length
            pass


@contextmanager
def _as_model_error(model: str | Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        if "trust_remote_code" in said or "custom code" in said:
            raise ModelError(
                f"{model} needs code of its own, which archloop never runs. Choose a model that transformers "
                "knows."
            ) from error
        raise ModelError(
            f"{model} is damaged, or no causal language model that this transformers knows: {said[:300]}. "
            "Copy it anew, or choose another: generator.model."
        ) from error
