"""How likely a model finds given answers: the mean log-probability of their tokens, in one forward pass.

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
    # Padded on the left, so that all answers end in one column and logits are kept for those columns alone.
    rows = [[0] * (longest - len(answer)) + [*prompt, *answer] for answer in answers]
    tokens = torch.tensor(rows, device=model.device)  # (B, P + T)
    columns = torch.arange(width, device=model.device)
    padding = longest - torch.tensor(lengths, device=model.device)  # (B,)
    mask = (columns >= padding[:, None]).long()  # (B, P + T)
    logits = model(
        input_ids=tokens,
        attention_mask=mask,
        position_ids=(mask.cumsum(1) - 1).clamp(min=0),
        use_cache=False,
        logits_to_keep=longest + 1,
    ).logits[:, :-1]  # (B, T, V)
    drawn = tokens[:, -longest:, None]  # (B, T, 1)
    scores = logits.float().log_softmax(-1).gather(-1, drawn)[..., 0].double()  # (B, T)
    return [float(row[-length:].mean()) for row, length in zip(scores, lengths, strict=True)]
