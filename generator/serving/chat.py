"""The bodies of a chat completion: a request in OpenAI's words, an answer in any server's.

Requests hold the fields that everybody knows; what a strange endpoint refuses is left out, renamed or added
as its settings say (`generator.server.drop`, `rename`, `extra`). Answers are read generously: servers differ
in why they stop, in how they hand over the text, and in whether they count tokens.

This module does *not* speak HTTP, and does not decide what a refusal means for a call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corpus.records.chats import prefill, without_system
from corpus.records.prompts import FinishReason, Prompt, SamplingParameters
from generator.config.serving import ServerConfig
from generator.samplers.contract import Choice, Guide, JsonSchema, Regex, SamplingOptions, sample_seed

_HARMLESS = "1x8x8 images, 2 classes, at most 1000 parameters, accuracy above 0.50"

_EXCERPT = 300

_REASONS = {
    **dict.fromkeys(
        ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token", "complete"), FinishReason.STOP
    ),
    **dict.fromkeys(("length", "max_tokens", "model_length", "max_length"), FinishReason.LENGTH),
    **dict.fromkeys(("content_filter", "safety", "refusal", "recitation"), FinishReason.REFUSED),
}
"""What servers call the end of a text, in lower case; any other word is `FinishReason.OTHER`."""


_OURS = frozenset({"model", "messages"})
"""Fields that are no settings of a request."""

_GUIDING = frozenset({"response_format", "structured_outputs"})

_MOST_TOKENS = 10_000_000
"""No completion has more: a server that counts more is not believed."""


@dataclass(frozen=True)
class Reply:
    """One choice of a chat completion.

    Attributes:
        text: The completion; empty where it was refused.
        finish_reason: Why it ended.
        token_count: Its tokens, without the token that ends a text; 0 where the server does not say.
        logprobs: Their log-probabilities, None unless asked for.
        token_ids: The model's numbers for them, where the server says (vLLM does when asked).
        prompt_token_ids: Those of the rendered prompt, likewise.
        refusal: The server's words where there is no answer and never will be.
    """

    text: str
    finish_reason: FinishReason
    token_count: int
    logprobs: tuple[float, ...] | None = None
    token_ids: tuple[int, ...] | None = None
    prompt_token_ids: tuple[int, ...] | None = None
    refusal: str | None = None


def chat_body(
    prompt: Prompt, index: int, parameters: SamplingParameters, options: SamplingOptions, *, system_turn: bool
) -> dict[str, Any]:
    """Return the request for one completion, but for the model's name.

    Fields that OpenAI's interface lacks are sent only where they say something, because a strange endpoint
    refuses what it does not know.

    Args:
        prompt: What is asked.
        index: Number of the completion among those of its prompt.
        parameters: How it is drawn.
        options: What else is asked of this call.
        system_turn: Whether the model takes a system turn; else its text stands before the user's.
    """
    messages = prompt.messages if system_turn else without_system(prompt.messages)
    body: dict[str, Any] = {
        "messages": [message.model_dump() for message in messages],
        "temperature": parameters.temperature,
        "top_p": parameters.top_p,
        "max_tokens": parameters.max_new_tokens,
        "seed": sample_seed(prompt, index),
    }
    if prefill(messages):
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    if parameters.top_k:
        body["top_k"] = parameters.top_k
    if options.stop:
        body["stop"] = list(options.stop)
    if options.logprobs:
        body["logprobs"] = True
    if options.guide is not None:
        body |= _guide_fields(options.guide)
    return body


def takes_guide(guide: Guide, config: ServerConfig) -> bool:
    """Return whether an endpoint of somebody else's masks by `guide`, as its settings say."""
    if config.guide == "none" or (config.guide == "response_format" and not isinstance(guide, JsonSchema)):
        return False
    return not _guide_fields(guide).keys() & set(config.drop)


def remedy(body: Mapping[str, Any], words: str) -> str:
    """Return the setting that may help where a server refuses `body` with `words`, as a sentence."""
    named = [name for name in body if re.search(rf"\b{re.escape(name)}\b", words) and name not in _OURS]
    if "max_tokens" in named and "max_completion_tokens" in words:
        return 'Rename it: generator.server.rename = { max_tokens = "max_completion_tokens" }.'
    if _GUIDING & set(named):
        return "Say which guides it knows: generator.server.guide = 'response_format' or 'none'."
    if named:
        return f"Leave it out: generator.server.drop = {json.dumps(named)}."
    if {"system", "role"} <= set(re.findall(r"\w+", words.lower())):
        return "Set generator.server.system_turn to false."
    return "If it refuses a field of the request: generator.server.drop, rename or extra."


def harmless(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same request about something that no server objects to."""
    turns = [{**message, "content": _HARMLESS} for message in body["messages"]]
    return {**body, "messages": turns, "seed": 0}


def within(context: int | None, body: dict[str, Any]) -> dict[str, Any]:
    """Return the request for no more than the context holds: servers refuse it, the other samplers stop."""
    return body if context is None else {**body, "max_tokens": min(body["max_tokens"], context)}


def as_taken(body: Mapping[str, Any], config: ServerConfig) -> dict[str, Any]:
    """Return the request as the endpoint takes it: fields left out, renamed and added by its settings."""
    kept = {config.rename.get(name, name): value for name, value in body.items() if name not in config.drop}
    return {**kept, **config.extra}


def reply_from(document: Any) -> Reply:
    """Return the reply in `document`.

    Raises:
        ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError: It is not one.
    """
    if not document.get("choices") and document.get("error"):
        raise ValueError(f"an error in place of choices: {document['error']}")
    choice = document["choices"][0]
    message, word = choice["message"], choice.get("finish_reason")
    if word == "error":
        raise ValueError(f"the answer broke off with an error: {choice.get('error') or 'no word of which'}")
    reason = _REASONS.get(str(word).lower(), FinishReason.OTHER)
    text, refusal = _text(message["content"]), message.get("refusal")
    if refusal or reason is FinishReason.REFUSED:
        return Reply("", FinishReason.REFUSED, 0, refusal=str(refusal or f"finish_reason: {word}"))
    entries = (choice.get("logprobs") or {}).get("content")
    token_ids, prompt_token_ids = choice.get("token_ids"), document.get("prompt_token_ids")
    counted = (document.get("usage") or {}).get("completion_tokens")
    if counted is None or not 0 <= int(counted) <= _MOST_TOKENS:
        counted = len(token_ids or entries or ())
    # The token that ends a text is counted by servers, and is none of the completion's; a stop text is.
    ended = reason is FinishReason.STOP and choice.get("stop_reason") is None
    count = max(0, int(counted) - ended)
    return Reply(
        text=text,
        finish_reason=reason,
        token_count=count,
        logprobs=None if entries is None else tuple(float(entry["logprob"]) for entry in entries[:count]),
        token_ids=None if token_ids is None else tuple(token_ids[:count]),
        prompt_token_ids=None if prompt_token_ids is None else tuple(prompt_token_ids),
    )


def server_message(body: str) -> str:
    """Return what a server says went wrong, whichever of the usual forms it takes, on one line."""
    try:
        document = json.loads(body)
        error = document.get("error", document)
        message = error.get("message") or error.get("detail") or error
    except (ValueError, AttributeError, RecursionError):
        message = body
    return one_line(str(message))


def one_line(text: str) -> str:
    """Return the head of a stranger's words on one line, without what a terminal would obey."""
    words = " ".join(text[: 4 * _EXCERPT].split())[:_EXCERPT]
    return "".join(each if each.isprintable() else "?" for each in words)


def _text(content: Any) -> str:
    """Return the text of an answer: one string, or parts of which those that hold text count."""
    if content is None:  # vLLM's way to say that the first token drawn ended the text
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise TypeError("content is not a text")
    texts = [part if isinstance(part, str) else part.get("text") for part in content]
    return "".join(text for text in texts if isinstance(text, str))


def _guide_fields(guide: Guide) -> dict[str, Any]:
    """Return the fields of a request that impose `guide`: OpenAI's for JSON, vLLM's for the rest."""
    match guide:
        case JsonSchema(document=document):
            schema = {"name": "answer", "schema": document, "strict": True}
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        case Choice(options=options):
            return {"structured_outputs": {"choice": list(options)}}
        case Regex(pattern=pattern):
            return {"structured_outputs": {"regex": pattern}}
        case _:
            return {"structured_outputs": {"grammar": guide.ebnf}}
