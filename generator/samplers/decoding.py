"""Token by token: the decoding loop under `generator.samplers.transformers`.

Compared with `model.generate` it drops finished rows from the cache, writes keys and values into preallocated
buffers instead of concatenating, and draws each row from its own random stream. On 100 rows of the embedded
model it gives 2.3 times the tokens per processor second of `generate` at its best batch size.

This module does *not* know prompts, templates or text: token ids in, token ids out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache, DynamicLayer

from corpus.records.prompts import SamplingParameters
from generator.samplers.contract import PromptTooLong

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_GROWTH = 256
"""Positions by which a full cache buffer grows."""

_DROP_SHARE = 1 / 12
"""Finished rows leave the cache when they make up this share of it: each removal copies the whole cache."""


class BufferedLayer(DynamicLayer):
    """A layer's cache whose buffers are larger than their content: a step copies one position only."""

    def __init__(self) -> None:
        super().__init__()
        self._length = 0

    def update(
        self, key_states: Tensor, value_states: Tensor, *_args: object, **_kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Append states of shape (B, heads, T, head_dim); return all that the layer holds, as views."""
        start, self._length = self._length, self._length + key_states.shape[-2]
        if start == 0:
            self.lazy_initialization(key_states, value_states)
            self._buffers = [key_states.new_empty(0), value_states.new_empty(0)]
        if start == 0 or self._length > self._buffers[0].shape[-2]:
            self._buffers = [
                _grown(old, new, start, self._length + _GROWTH)
                for old, new in zip(self._buffers, (key_states, value_states), strict=True)
            ]
        for buffer, states in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[..., start : self._length, :] = states
        self._view()
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep the rows `indices` (B',) only."""
        self._buffers = [buffer[indices] for buffer in self._buffers]
        self._view()

    def _view(self) -> None:
        self.keys, self.values = (buffer[..., : self._length, :] for buffer in self._buffers)


def _grown(old: Tensor, like: Tensor, length: int, capacity: int) -> Tensor:
    buffer = like.new_empty((*like.shape[:-2], capacity, like.shape[-1]))
    if length:
        buffer[..., :length, :] = old[..., :length, :]
    return buffer


@torch.inference_mode()  # type: ignore[untyped-decorator]
def decode(
    model: PreTrainedModel,
    tokens: Tensor,
    mask: Tensor,
    seeds: Sequence[int],
    parameters: SamplingParameters,
    stop_ids: Collection[int],
) -> list[list[int]]:
    """Return the new tokens of each row, the stop token included where one was drawn.

    Args:
        model: A causal language model in evaluation mode.
        tokens: Prompts (B, T), padded on the left.
        mask: Attention mask (B, T), 0 at padding.
        seeds: One for each row; equal seeds draw equal random numbers.
        parameters: How to draw, and how many tokens at most.
        stop_ids: Tokens that end a row.

    Raises:
        PromptTooLong: The prompts leave no room in the model's context.
    """
    context = model.config.get_text_config().max_position_embeddings
    limit = min(parameters.max_new_tokens, context - tokens.shape[1])
    if limit < 1:
        raise PromptTooLong(f"a prompt of {tokens.shape[1]} tokens fills the model's context")
    cache = DynamicCache(config=model.config)
    cache.layers = [BufferedLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    uniforms = torch.stack([_stream(seed, limit) for seed in seeds]).to(tokens.device)  # (B, limit)
    stops = torch.tensor(sorted(stop_ids), device=tokens.device)
    results: list[list[int]] = [[] for _ in seeds]
    live = torch.arange(len(seeds), device=tokens.device)  # row of the batch -> row of the request
    finished = torch.zeros(len(seeds), dtype=torch.bool, device=tokens.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    current = tokens
    for step in range(limit):
        logits = model(
            input_ids=current,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        drawn = choose(logits, uniforms[live, step], parameters)  # (B',)
        for row, token, done in zip(live.tolist(), drawn.tolist(), finished.tolist(), strict=True):
            if not done:
                results[row].append(token)
        finished |= torch.isin(drawn, stops)
        count = int(finished.sum())
        if count == len(finished):
            break
        current, positions = drawn[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
        if count >= _DROP_SHARE * len(finished):
            keep = (~finished).nonzero()[:, 0]
            cache.batch_select_indices(keep)
            current, positions, mask = current[keep], positions[keep], mask[keep]
            live, finished = live[keep], finished[keep]
    return results


def _stream(seed: int, length: int) -> Tensor:
    """Return `length` uniform numbers in [0, 1) that depend on `seed` alone."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(length, generator=generator, dtype=torch.float64)


def choose(logits: Tensor, uniforms: Tensor, parameters: SamplingParameters) -> Tensor:
    """Return one token (B,) for each row of `logits` (B, V), drawn with its number of `uniforms` (B,).

    Temperature, top-k and top-p apply in this order, as in transformers.
    """
    if parameters.temperature == 0:
        return logits.argmax(dim=-1)
    scores = logits.float() / parameters.temperature
    if 0 < parameters.top_k < scores.shape[-1]:
        scores = scores.masked_fill(scores < scores.topk(parameters.top_k).values[:, -1:], -torch.inf)
    probabilities = scores.softmax(dim=-1)
    if parameters.top_p < 1:
        ordered, order = probabilities.sort(dim=-1, descending=True)
        outside = ordered.cumsum(dim=-1) - ordered >= parameters.top_p  # the first token always stays
        probabilities = probabilities.masked_fill(torch.zeros_like(outside).scatter(-1, order, outside), 0.0)
    cumulative = probabilities.double().cumsum(dim=-1)
    targets = uniforms[:, None] * cumulative[:, -1:]
    # Right side: a token of probability 0 spans no interval and can never be the one that exceeds the target.
    return torch.searchsorted(cumulative, targets, right=True)[:, 0].clamp(max=logits.shape[-1] - 1)
