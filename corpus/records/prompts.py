"""The records of one question to a model and its answer. This module does *not* render templates or
sample."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from corpus.records.base import Record


class Message(Record):
    """One turn of a chat, in the vocabulary of chat templates."""

    role: Literal["system", "user", "assistant"]
    content: str


class Prompt(Record):
    """A request for one program.

    Attributes:
        id: Unique within a run, and stable when the run is repeated: `c003/p0017`.
        strategy: Name of the search strategy that asked.
        template: Name of the prompt template that rendered `messages`.
        messages: The chat that the model sees.
        exemplar_ids: Candidates whose programs stand in the chat.
        seed: Seeds the sampling of this prompt's completion.
    """

    id: str
    strategy: str
    template: str
    messages: tuple[Message, ...]
    exemplar_ids: tuple[str, ...] = ()
    seed: int


class FinishReason(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    """It ended the text itself."""
    LENGTH = "length"
    """It reached `max_new_tokens`."""
    REFUSED = "refused"
    """There is no answer: the server refuses this prompt for ever, or has filtered what was written."""
    OTHER = "other"
    """The server gave another reason, or none."""


class SamplingParameters(Record):
    """How completions are drawn, with the meaning that these names have in transformers and vLLM.

    `top_k` 0 and `top_p` 1 switch the respective filter off; `temperature` 0 is greedy.
    """

    temperature: float = Field(default=0.8, ge=0.0)
    top_k: int = Field(default=0, ge=0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    max_new_tokens: int = Field(default=640, ge=1)


class Completion(Record):
    """What the model answered to one prompt: the text after the chat template's generation prompt.

    Attributes:
        prompt_id: The prompt.
        text: The answer; empty where there is none.
        finish_reason: Why it ended.
        token_count: Its tokens; 0 where a server does not say.
        refusal: The server's words where the prompt was refused, else None.
    """

    prompt_id: str
    text: str
    finish_reason: FinishReason
    token_count: int = Field(ge=0)
    refusal: str | None = None
