"""The sampler on plain transformers: batched generation with a KV cache, seeded row by row, LoRA by PEFT.

Finished rows leave the batch, so that a long program does not keep its neighbours' caches alive. Each row
draws from a stream of its own, made from its prompt's seed. Batches of different composition may still
round the last bit of the logits differently, and a draw that falls within that bit of a boundary then picks
the neighbouring token: exact repetition needs the same batches, which is what a resumed run has.

This module downloads nothing, runs no code from a model's folder, and does *not* extract programs.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.records.adapters import adapter_hash
from corpus.records.chats import rendered
from corpus.records.prompts import FinishReason, Message, Prompt, SamplingParameters
from generator.models.adapter_fit import check_adapter
from generator.models.loading import ends_of, load_model, load_tokenizer
from generator.samplers.contract import (
    Sample,
    Sampler,
    SamplingOptions,
    UnsupportedOption,
    model_label,
    sample_seed,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class TransformersSampler(Sampler):
    """Samples from a causal language model that transformers can load from this machine.

    Args:
        model: Folder of a model, or the id of one in the local Hugging Face cache.
        parameters: Temperature and the rest.
        batch_size: Prompts answered at a time.
        threads: CPU threads of PyTorch, a setting of the whole process. For models of a few million
            parameters one is fastest.
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
        from transformers.utils import logging

        logging.disable_progress_bar()  # weights are read anew in every cycle
        torch.set_num_threads(threads)
        self._path, self._parameters, self._batch_size, self._device = model, parameters, batch_size, device
        self._tokenizer: Any = load_tokenizer(model)
        self._model: PreTrainedModel | None = None
        self._adapter_key: str | None = None

    @property
    def model_name(self) -> str:
        """`embedded`, the model's folder name, or its hub id."""
        return model_label(self._path)

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        """Yield completions in the order of the prompts; see `generator.samplers.contract.Sampler`.

        Raises:
            AdapterError: The folder holds no adapter, or that of another model.
            ChatTemplateError: The model's chat template is missing, or renders no prompt.
            ModelError: The model cannot be read.
            UnsupportedOption: A guide was asked for.
            PromptTooLong: A prompt fills the model's context.
        """
        options = options or SamplingOptions()
        if options.guide is not None:
            raise UnsupportedOption(
                "the transformers sampler cannot guide completions: "
                "set generator.sampler to 'server' or 'offline'"
            )
        model = self._load(adapter)
        rows = [(prompt, index) for prompt in prompts for index in range(options.n)]
        for start in range(0, len(rows), self._batch_size):
            yield from self._sample_batch(model, rows[start : start + self._batch_size], options)

    def score(self, messages: Sequence[Message], options: Sequence[str], adapter: Path | None) -> list[float]:
        """Return the mean log-probability of each option; see `generator.samplers.contract.Sampler`.

        Up to `batch_size` options share one forward pass.
        """
        from generator.samplers.scoring import mean_log_probabilities

        model, chat = self._load(adapter), rendered(self._tokenizer, messages)
        prompt = self._tokens(chat)
        answers = [self._tokens_after(chat, prompt, option) for option in options]
        scores: list[float] = []
        for start in range(0, len(answers), self._batch_size):
            scores += mean_log_probabilities(model, prompt, answers[start : start + self._batch_size])
        return scores

    def release(self) -> None:
        """Drop the model and free its memory; the next call reads it again."""
        self._model = None
        gc.collect()
        if self._device != "cpu":
            import torch

            torch.cuda.empty_cache()

    def _load(self, adapter: Path | None) -> PreTrainedModel:
        """Return the base model, with `adapter` merged in.

        Base weights are read anew whenever the adapter changes, so nothing of an earlier one can remain.
        """
        key = None if adapter is None else adapter_hash(adapter)
        if self._model is not None and key == self._adapter_key:
            return self._model
        self._model = None  # frees the memory before the next copy is read
        model = load_model(self._path)
        if adapter is not None:
            from peft import PeftModel

            check_adapter(adapter, model, self.model_name)
            model = PeftModel.from_pretrained(model, str(adapter), is_trainable=False).merge_and_unload()
        self._model, self._adapter_key = model.to(self._device).eval(), key
        return self._model

    def _sample_batch(
        self, model: PreTrainedModel, rows: Sequence[tuple[Prompt, int]], options: SamplingOptions
    ) -> Iterator[Sample]:
        from generator.samplers.decoding import decode

        texts = [rendered(self._tokenizer, prompt.messages) for prompt, _ in rows]
        encoded = self._tokenizer(texts, add_special_tokens=False, padding=True, return_tensors="pt")
        stop_ids = ends_of(model.generation_config, self._tokenizer)
        drawn = decode(
            model,
            encoded["input_ids"].to(self._device),
            encoded["attention_mask"].to(self._device),
            [sample_seed(prompt, index) for prompt, index in rows],
            self._parameters,
            stop_ids,
        )
        for place, ((prompt, index), tokens) in enumerate(zip(rows, drawn, strict=True)):
            stopped = bool(tokens) and tokens[-1] in stop_ids
            tokens, text, cut = self._up_to_stop_text(tokens[:-1] if stopped else tokens, options.stop)
            logprobs = None
            if options.logprobs:
                prompt_ids = encoded["input_ids"][place][encoded["attention_mask"][place].bool()]
                logprobs = _log_probabilities(model, prompt_ids.tolist(), tokens)
            yield Sample(
                prompt_id=prompt.id,
                index=index,
                text=text,
                finish_reason=FinishReason.STOP if stopped or cut else FinishReason.LENGTH,
                token_count=len(tokens),
                logprobs=logprobs,
            )

    def _tokens(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _tokens_after(self, chat: str, prompt: list[int], answer: str) -> list[int]:
        """Return the tokens of `answer` as they follow the chat; alone, some tokenizers put a blank first."""
        both = self._tokens(chat + answer)
        return both[len(prompt) :] if both[: len(prompt)] == prompt else self._tokens(answer)

    def _up_to_stop_text(self, tokens: list[int], stop: Sequence[str]) -> tuple[list[int], str, bool]:
        """Return the tokens up to that which completes a stop text, the text before it, and if it is cut."""
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        found = [place for word in stop if (place := text.find(word)) >= 0]
        if not found:
            return tokens, text, False
        for count in range(1, len(tokens) + 1):
            head = self._tokenizer.decode(tokens[:count], skip_special_tokens=True)
            if any(word in head for word in stop):
                tokens = tokens[:count]
                break
        return tokens, text[: min(found)], True


def _log_probabilities(
    model: PreTrainedModel, prompt_ids: Sequence[int], tokens: Sequence[int]
) -> tuple[float, ...]:
    """Return the log-probability of each of `tokens` after `prompt_ids`."""
    import torch

    if not tokens:
        return ()
    row = torch.tensor([[*prompt_ids, *tokens]], device=model.device)  # (1, P + T)
    with torch.inference_mode():
        scores = model(input_ids=row).logits[0, len(prompt_ids) - 1 : -1].float().log_softmax(-1)  # (T, V)
    return tuple(scores.gather(1, row[0, len(prompt_ids) :, None])[:, 0].tolist())
