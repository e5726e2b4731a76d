"""How likely a model finds given answers: the mean log-probability of their tokens. The chat is read once for
all of them.

The mean, not the sum: a sum would prefer the short answer for its being short.

This module does *not* draw anything, and knows no text: token ids in, numbers out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from generator.samplers.contract import PromptTooLong

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@torch.inference_mode()  # type: ignore[untyped-decorator]
def mean_log_probabilities(
    model: PreTrainedModel, prompt: Sequence[int], answers: Sequence[Sequence[int]]
) -> list[float]:
    """Return for each answer the mean natural log-probability of its tokens after `prompt`.

    Args:
        model: A causal language model in evaluation mode.
        prompt: Tokens of the chat, at least one.
        answers: Tokens of each answer, at least one each.

    Raises:
        PromptTooLong: Prompt and answer do not fit the model's context.
        ValueError: An answer has no tokens.
    """
    lengths = [len(answer) for answer in answers]
    if not all(lengths):
        raise ValueError("an answer without tokens has no likelihood")
    longest, width = max(lengths), len(prompt) + max(lengths)
    context = model.config.get_text_config().max_position_embeddings
    if width > context:
        raise PromptTooLong(f"a chat and an answer of {width} tokens exceed the model's context of {context}")
    read = model(input_ids=torch.tensor([prompt], device=model.device), use_cache=True, logits_to_keep=1)
    cache = read.past_key_values
    cache.batch_repeat_interleave(len(answers))
    # Padded on the right, where under a causal mask nothing sees the padding, and no padding is counted.
    rows = [[*answer, *[0] * (longest - len(answer))] for answer in answers]
    tokens = torch.tensor(rows, device=model.device)  # (B, T)
    after = model(input_ids=tokens, past_key_values=cache, use_cache=True).logits[:, :-1]  # (B, T - 1, V)
    logits = torch.cat([read.logits.expand(len(answers), -1, -1), after], dim=1)  # (B, T, V)
    scores = logits.float().log_softmax(-1).gather(-1, tokens[..., None])[..., 0].double()  # (B, T)
    return [float(row[:length].mean()) for row, length in zip(scores, lengths, strict=True)]
