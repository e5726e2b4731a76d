"""The sampler on plain transformers: batched generation with a KV cache, seeded row by row, LoRA by PEFT.

Finished rows leave the batch, so that a long program does not keep its neighbours' caches alive. Each row
draws from a stream of its own, made from its prompt's seed. Batches of different composition may still
round the last bit of the logits differently, and a draw that falls within that bit of a boundary then picks
the neighbouring token: exact repetition needs the same batches, which is what a resumed run has.

This module downloads nothing, runs no code from a model's folder, and does *not* extract programs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.records import Completion, FinishReason, Prompt, SamplingParameters
from generator.embedded import embedded_model_path

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class TransformersSampler:
    """Samples from a causal language model that transformers can load from this machine.

    Args:
        model: Folder of a model, or the id of one in the local Hugging Face cache. parameters: Temperature
        and the rest. batch_size: Prompts answered at a time. threads: CPU threads of PyTorch, a setting of
        the whole process. For models of a few million parameters one
            is fastest.
        device: Where the model runs, in PyTorch's notation.
    """

    def __init__(
        self,
        model: str | Path,
        parameters: SamplingParameters,
        batch_size: int,
        threads: int = 1,
        device: str = "cpu",
    ) -> None:
        import torch
        from transformers import AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # weights are read anew in every cycle
        torch.set_num_threads(threads)
        self._path, self._parameters, self._batch_size, self._device = model, parameters, batch_size, device
        self._tokenizer: Any = AutoTokenizer.from_pretrained(
            model, local_files_only=True, trust_remote_code=False, padding_side="left"
        )
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._model: PreTrainedModel | None = None
        self._adapter_key: str | None = None

    @property
    def model_name(self) -> str:
        """`embedded`, the model's folder name, or its hub id."""
        if isinstance(self._path, str):
            return self._path
        return "embedded" if self._path == embedded_model_path() else self._path.name

    def sample(self, prompts: Sequence[Prompt], adapter: Path | None) -> Iterator[Completion]:
        """Yield one completion for each prompt, in order; see `generator.sampling.Sampler`.

        Raises:
            OSError: The model or the adapter cannot be read.
            ValueError: A prompt fills the model's context.
        """
        model = self._load(adapter)
        for start in range(0, len(prompts), self._batch_size):
            yield from self._sample_batch(model, prompts[start : start + self._batch_size])

    def _load(self, adapter: Path | None) -> PreTrainedModel:
        """Return the base model, with `adapter` merged in.

        Base weights are read anew whenever the adapter changes, so nothing of an earlier one can remain.
        """
        from transformers import AutoModelForCausalLM

        key = None if adapter is None else _content_hash(adapter)
        if self._model is not None and key == self._adapter_key:
            return self._model
        self._model = None  # frees the memory before the next copy is read
        model = AutoModelForCausalLM.from_pretrained(
            self._path, local_files_only=True, trust_remote_code=False, dtype="auto"
        )
        if adapter is not None:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, str(adapter), is_trainable=False).merge_and_unload()
        self._model, self._adapter_key = model.to(self._device).eval(), key
        return self._model

    def _sample_batch(self, model: PreTrainedModel, prompts: Sequence[Prompt]) -> Iterator[Completion]:
        from generator.decoding import decode

        chats = [[message.model_dump() for message in prompt.messages] for prompt in prompts]
        texts = self._tokenizer.apply_chat_template(chats, add_generation_prompt=True, tokenize=False)
        encoded = self._tokenizer(texts, add_special_tokens=False, padding=True, return_tensors="pt")
        stop_ids = _stop_ids(model, self._tokenizer)
        rows = decode(
            model,
            encoded["input_ids"].to(self._device),
            encoded["attention_mask"].to(self._device),
            [prompt.seed for prompt in prompts],
            self._parameters,
            stop_ids,
        )
        for prompt, row in zip(prompts, rows, strict=True):
            stopped = bool(row) and row[-1] in stop_ids
            tokens = row[:-1] if stopped else row
            yield Completion(
                prompt_id=prompt.id,
                text=self._tokenizer.decode(tokens, skip_special_tokens=True),
                finish_reason=FinishReason.STOP if stopped else FinishReason.LENGTH,
                token_count=len(tokens),
            )


def _content_hash(adapter: Path) -> str:
    """Return a hash of the adapter's files, so that new weights under an old name are noticed.

    Raises:
        FileNotFoundError: The folder holds no adapter.
    """
    if not (adapter / "adapter_config.json").is_file():
        raise FileNotFoundError(f"no LoRA adapter in {adapter}: adapter_config.json is missing")
    digest = hashlib.sha256()
    for path in sorted(adapter.glob("adapter_*")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _stop_ids(model: PreTrainedModel, tokenizer: Any) -> frozenset[int]:
    """Return the tokens that end a completion, according to the generation settings and the tokenizer."""
    configured = model.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in (*ids, tokenizer.eos_token_id) if token is not None)
