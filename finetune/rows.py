"""Training rows as tokens: what fits, what is cut, and the proof that only completions are learnt.

The boundary between prompt and completion is found here from the chat template alone, independently of the
training library, so that `CompletionOnlyCheck` compares two derivations of the same labels instead of one
with itself.

This module does *not* build the labels (TRL does) and does not import torch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.records.chats import turns
from corpus.records.trainings import TrainingExample
from finetune.config import FinetuneError

logger = logging.getLogger(__name__)

IGNORED_LABEL = -100
"""The label of a token that has no part in the loss, as in torch's cross entropy."""


@dataclass(frozen=True)
class Row:
    """One example as the model will see it.

    Attributes:
        example: The record it comes from.
        prompt: Its prompt as turns that the chat template renders.
        tokens: Prompt, completion and end token as token ids, at most `max_length`.
        prompt_tokens: How many of them belong to the prompt, the header of the assistant's turn included.
        truncated: Whether the end was cut off.
    """

    example: TrainingExample
    prompt: list[dict[str, str]]
    tokens: tuple[int, ...]
    prompt_tokens: int
    truncated: bool

    def conversation(self) -> dict[str, Any]:
        """Return the row in TRL's conversational prompt/completion format."""
        return {
            "prompt": self.prompt,
            "completion": [{"role": "assistant", "content": self.example.completion}],
        }


def render_rows(
    tokenizer: Any, examples: Sequence[TrainingExample], *, end_tokens: frozenset[int], max_length: int
) -> list[Row]:
    """Return a row for each example that holds something to learn; the log names the others.

    Left out are examples whose prompt alone fills `max_length`, and examples whose prompt is rendered
    otherwise (or cut into other tokens) once an answer follows, because the model would learn a context that
    it never sees when it samples.

    Args:
        tokenizer: A tokenizer with a chat template.
        examples: The examples, in order.
        end_tokens: Ids of the tokens that end a generation.
        max_length: Longest row in tokens.

    Raises:
        FinetuneError: If no row is left, if every row is longer than `max_length`, or if the chat template
            does not close the assistant's turn with an end token, so that the model could not learn to stop.
    """
    rows: list[Row] = []
    reasons: list[str] = []
    for example in examples:
        row = render_row(tokenizer, example, end_tokens=end_tokens, max_length=max_length)
        if isinstance(row, Row):
            rows.append(row)
        else:
            reasons.append(row)
            logger.warning("Left out %s: %s.", example.candidate_id, row)
    if not rows:
        raise FinetuneError(
            f"none of the {len(examples)} examples can be trained on. Of the first: {reasons[0]}"
        )
    if all(row.truncated for row in rows):
        raise FinetuneError(
            f"all rows are longer than max_length ({max_length} tokens): raise finetune.max_length"
        )
    return rows


def render_pairs(
    tokenizer: Any,
    chosen: Sequence[TrainingExample],
    rejected: Sequence[TrainingExample],
    *,
    end_tokens: frozenset[int],
    max_length: int,
) -> tuple[list[Row], list[Row]]:
    """Return the rows of the pairs of which both hold something to learn; see `render_rows`.

    Raises:
        FinetuneError: If no pair is left, or as `render_row` does.
    """
    pairs: list[tuple[Row, Row]] = []
    reasons: list[str] = []
    for both in zip(chosen, rejected, strict=True):
        good, bad = (render_row(tokenizer, one, end_tokens=end_tokens, max_length=max_length) for one in both)
        if isinstance(good, Row) and isinstance(bad, Row):
            pairs.append((good, bad))
        else:
            reasons.append(good if isinstance(good, str) else str(bad))
            logger.warning("Left out the pair of %s: %s.", both[0].candidate_id, reasons[-1])
    if not pairs:
        raise FinetuneError(f"none of the {len(chosen)} pairs can be trained on. Of the first: {reasons[0]}")
    return [good for good, _ in pairs], [bad for _, bad in pairs]


def render_row(
    tokenizer: Any, example: TrainingExample, *, end_tokens: frozenset[int], max_length: int
) -> Row | str:
    """Return the row of one example, or why there is none; see `render_rows`.

    Raises:
        FinetuneError: The chat template renders no answer, or does not close it with an end token.
    """
    prompt = turns(tokenizer, example.prompt)
    answer = [{"role": "assistant", "content": example.completion}]
    prompt_ids = _token_ids(tokenizer, prompt, add_generation_prompt=True)
    tokens = _token_ids(tokenizer, prompt + answer, add_generation_prompt=False)
    if tokens[: len(prompt_ids)] != prompt_ids:
        return _otherwise(tokenizer, prompt_ids, tokens)
    if end_tokens.isdisjoint(tokens[len(prompt_ids) :]):
        raise FinetuneError(
            f"the chat template ends the assistant's turn with no end token (ids {sorted(end_tokens)}), "
            "so the model could not learn to stop: mend the template, or the model's eos_token_id"
        )
    if len(prompt_ids) >= max_length:
        return f"its prompt has {len(prompt_ids)} tokens, finetune.max_length is {max_length}"
    return Row(example, prompt, tokens[:max_length], len(prompt_ids), len(tokens) > max_length)


def _otherwise(tokenizer: Any, asked: Sequence[int], answered: Sequence[int]) -> str:
    """Return how the chat template leads into an answer that is asked for, and into one that is given."""
    pairs = enumerate(zip(asked, answered, strict=False))
    shared = next((place for place, (one, other) in pairs if one != other), min(len(asked), len(answered)))
    wanted, given = (tokenizer.decode(ids[shared : shared + 8]) for ids in (asked, answered))
    return (
        f"the chat template opens an answer that is sampled with {wanted!r}, and one that is learnt with "
        f"{given!r}; mend its generation prompt, or choose another model"
    )


def _token_ids(
    tokenizer: Any, messages: list[dict[str, Any]], *, add_generation_prompt: bool
) -> tuple[int, ...]:
    from jinja2 import TemplateError

    try:
        encoded = tokenizer.apply_chat_template(
            messages, tokenize=True, add_generation_prompt=add_generation_prompt, return_dict=True
        )
    except TemplateError as error:
        said = " ".join(str(error).split())
        raise FinetuneError(f"the chat template does not render an answer ({said}): mend it") from error
    return tuple(encoded["input_ids"])


class CompletionOnlyCheck:
    """A collator that refuses a first batch whose loss is not on completions alone, and passes the others on.

    Attributes:
        checked: Whether a batch has been checked.
    """

    def __init__(self, collate: Callable[[list[Any]], Mapping[str, Any]], rows: Sequence[Row]) -> None:
        """Wrap `collate`, which pads features to a batch, for training on `rows`."""
        self._collate = collate
        self._prompt_tokens = {row.tokens: row.prompt_tokens for row in rows}
        self.checked = False

    def __call__(self, features: list[Any]) -> Mapping[str, Any]:
        """Return the batch that the wrapped collator makes of `features`."""
        batch = self._collate(features)
        if not self.checked:
            self.check(batch)
            self.checked = True
        return batch

    def check(self, batch: Mapping[str, Any]) -> None:
        """Compare a batch's labels with the rows that were rendered.

        Args:
            batch: `input_ids`, `attention_mask`, and `labels` or, where likelihoods are compared,
                `completion_mask`; each `(B, T)` integers.

        Raises:
            RuntimeError: If a prompt or padding token is learnt, a completion token is not (the end token is
                one), or a sequence is none of the rows.
        """
        columns = [batch[name].tolist() for name in ("input_ids", "attention_mask")]
        columns.append(batch["labels"].tolist() if "labels" in batch else _labels(batch))
        for ids, mask, labels in zip(*columns, strict=True):
            tokens = tuple(token for token, real in zip(ids, mask, strict=True) if real)
            boundary = self._prompt_tokens.get(tokens)
            if boundary is None:
                raise RuntimeError(
                    "the training library built a sequence that matches none of the rendered rows"
                )
            learnt = [label for label, real in zip(labels, mask, strict=True) if real]
            padding = [label for label, real in zip(labels, mask, strict=True) if not real]
            if any(label != IGNORED_LABEL for label in learnt[:boundary] + padding):
                raise RuntimeError("the loss would cover prompt or padding tokens, not only the completion")
            if tuple(learnt[boundary:]) != tokens[boundary:]:
                raise RuntimeError("the loss would miss tokens of the completion")


def _labels(batch: Mapping[str, Any]) -> list[list[int]]:
    """Return the labels that a mask of the completions' tokens amounts to."""
    return [
        [token if learnt else IGNORED_LABEL for token, learnt in zip(ids, mask, strict=True)]
        for ids, mask in zip(batch["input_ids"].tolist(), batch["completion_mask"].tolist(), strict=True)
    ]
