"""A chat as a model's own template renders it: one rendering for sampling and for training.

Base models come without a template, and some templates know no system role: they refuse a chat that has one,
or leave its text out. The system's text then stands at the head of the user's turn.

A chat may end in a turn of the assistant: the beginning of its answer (a *prefill*), which the model goes on
writing. What it writes is the rest.

This module does *not* load a tokenizer; it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corpus.records.mistakes import Mistake
from corpus.records.prompts import Message


class ChatTemplateError(Mistake):
    """A tokenizer whose chat template cannot render what a run asks."""


def rendered(tokenizer: Any, messages: Sequence[Message]) -> str:
    """Return a chat as text, up to where the assistant's answer begins, or goes on where it has begun.

    Args:
        tokenizer: A tokenizer of transformers.
        messages: The chat.

    Raises:
        ChatTemplateError: There is no chat template, or it does not render the chat.
    """
    return _fitting(tokenizer, question(messages))[1] + prefill(messages)


def prefill(messages: Sequence[Message]) -> str:
    """Return the beginning of the answer, with which a chat may end; empty where it ends with a question."""
    return messages[-1].content if messages and messages[-1].role == "assistant" else ""


def question(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return a chat without the beginning of its answer."""
    return tuple(messages[:-1] if prefill(messages) else messages)


def turns(tokenizer: Any, messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return the turns that `rendered` renders, as transformers takes them; the answer may be appended.

    Raises:
        ChatTemplateError: As there.
    """
    return _fitting(tokenizer, messages)[0]


def takes_system(tokenizer: Any) -> bool:
    """Return whether the template renders a system turn.

    Raises:
        ChatTemplateError: As `rendered`.
    """
    chat = (Message(role="system", content="Be brief."), Message(role="user", content="Yes?"))
    return len(turns(tokenizer, chat)) == len(chat)


def without_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the chat with the text of its system turn at the head of the first user's."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    rest = [message for message in messages if message.role != "system"]
    if system and rest:
        rest[0] = rest[0].model_copy(update={"content": f"{system}\n\n{rest[0].content}"})
    return tuple(rest)


def able_to_pad(tokenizer: Any) -> Any:
    """Return the tokenizer with a token to pad with, any where it names none: padding is masked."""
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    return tokenizer


def _fitting(tokenizer: Any, messages: Sequence[Message]) -> tuple[list[dict[str, str]], str]:
    """Return the turns and their text in the first form that the template renders whole."""
    from jinja2 import TemplateError

    name = tokenizer.name_or_path
    if tokenizer.chat_template is None:
        raise ChatTemplateError(
            f"{name}: its tokenizer has no chat template, so prompts cannot be rendered. Use an instruct "
            "version of the model, or add a chat_template.jinja."
        )
    fault = "it leaves the system's text out"
    for form in dict.fromkeys((tuple(messages), without_system(messages))):
        chat = [message.model_dump() for message in form]
        try:
            text = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        except (TemplateError, TypeError, ValueError) as error:
            fault = " ".join(str(error).split()) or type(error).__name__
        else:
            if all(message.content.strip() in text for message in form if message.role == "system"):
                return chat, text
    raise ChatTemplateError(f"{name}: its chat template does not render a prompt ({fault}). Mend it.")
