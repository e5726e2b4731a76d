"""The decider over a model: whatever sampler answers, one question at a time.

Where the sampler masks tokens, the answer can have no other form than the one that was asked for. Where it
does not, the form is asked for in words, and looked for in the text; one retry names the fault. A masked
answer is read all the same: a server may ignore the mask, or cut the answer short.

This module does *not* load models or speak HTTP, records nothing, and knows no rule to go by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from corpus.records.base import content_id, derive_seed
from corpus.records.prompts import FinishReason, Message, Prompt
from corpus.records.search.calls import Answer, AnswerPath
from generator.deciders.chance import drawn
from generator.deciders.documents import MAX_CHARACTERS, NoDocument
from generator.deciders.forms import Form, document_form, enclosed_option_form, option_form
from generator.samplers.contract import (
    Guide,
    PromptTooLong,
    Sample,
    Sampler,
    SamplingOptions,
    UnsupportedOption,
)

TRIES = 2
"""Times that a form is asked for."""


class SamplingDecider:
    """Keeps `generator.deciders.contract.Decider` with a model.

    Args:
        sampler: Returns the sampler; asked with each question, so that a search without questions loads none.
    """

    def __init__(self, sampler: Callable[[], Sampler]) -> None:
        self._sampler = sampler

    def generate(self, messages: Sequence[Message], *, seed: int, adapter: Path | None = None) -> Answer:
        """Return free text, of which `MAX_CHARACTERS` at most; None by RULE where the prompt is refused."""
        sample = self._answered(messages, seed, adapter, None)
        if sample is None or sample.finish_reason is FinishReason.REFUSED:
            return self._answer(None, AnswerPath.RULE)
        return self._answer(_kept(sample.text), AnswerPath.FREE, tokens=sample.token_count)

    def json(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, JsonValue],
        *,
        seed: int,
        adapter: Path | None = None,
    ) -> Answer:
        """Return a document that `schema` accepts; see `generator.deciders.contract.Decider`."""
        return self._formed(messages, document_form(schema), seed, adapter)

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, seed: int, adapter: Path | None = None
    ) -> Answer:
        """Return one of `options`: by a mask, by their likelihood, else as the model names it (PARSED).

        By likelihood the greatest wins, of equals the first; it is not drawn, so the seed does not matter. A
        model that names none of them in its tries leaves the choice to CHANCE.
        """
        sampler, form = self._sampler(), option_form(options)
        if not sampler.guides(form.guide):
            best = self._likeliest(sampler, messages, options, adapter)
            if best is not None:
                return self._answer(best, AnswerPath.GUIDED)
            enclosed = enclosed_option_form(options)
            form = enclosed if sampler.guides(enclosed.guide) else form
        answer = self._formed(messages, form, seed, adapter)
        if answer.path is not AnswerPath.RULE:
            return answer
        return answer.model_copy(update={"value": drawn(options, seed), "path": AnswerPath.CHANCE})

    @staticmethod
    def _likeliest(
        sampler: Sampler, messages: Sequence[Message], options: Sequence[str], adapter: Path | None
    ) -> str | None:
        """Return the option of the greatest mean log-probability, None where the sampler cannot tell."""
        try:
            scores = sampler.score(messages, options, adapter)
        except (UnsupportedOption, PromptTooLong):
            return None
        return options[max(range(len(options)), key=scores.__getitem__)]

    def _formed(self, messages: Sequence[Message], form: Form, seed: int, adapter: Path | None) -> Answer:
        """Return an answer of `form`; None by RULE where no try gave one."""
        guided = self._sampler().guides(form.guide)
        chat = tuple(messages) if guided else form.asked(messages)
        text, tokens = None, 0
        for attempt in range(TRIES):
            drawn_with = seed if attempt == 0 else derive_seed(seed, "try", attempt)
            sample = self._answered(chat, drawn_with, adapter, form.guide if guided else None)
            if sample is None or sample.finish_reason is FinishReason.REFUSED:
                break  # another try would be longer still, or meet the same refusal
            text, tokens = _kept(sample.text), tokens + sample.token_count
            try:
                found = form.read(text)
            except NoDocument as error:
                cut = " and it was cut off" if sample.finish_reason is FinishReason.LENGTH else ""
                chat = form.asked_again(messages, text, f"{error}{cut}")
                continue
            path = AnswerPath.GUIDED if guided and found.alone else AnswerPath.PARSED
            return self._answer(found.value, path, text=None if text == found.value else text, tokens=tokens)
        return self._answer(None, AnswerPath.RULE, text=text, tokens=tokens)

    def _answered(
        self, messages: Sequence[Message], seed: int, adapter: Path | None, guide: Guide | None
    ) -> Sample | None:
        """Return the model's completion of a chat, None where the chat fills its context."""
        asked = "\n".join((str(seed), *(message.model_dump_json() for message in messages)))
        prompt = Prompt(
            id=f"call/{content_id(asked)}",
            strategy="decider",
            template="chat",
            messages=tuple(messages),
            seed=seed,
        )
        try:
            (sample,) = self._sampler().sample([prompt], adapter, SamplingOptions(guide=guide))
        except PromptTooLong:
            return None
        return sample

    def _answer(
        self, value: JsonValue, path: AnswerPath, *, text: str | None = None, tokens: int = 0
    ) -> Answer:
        return Answer(value=value, path=path, text=text, model=self._sampler().model_name, token_count=tokens)


def _kept(text: str) -> str:
    """Return as much of an answer as is read, in characters that a ledger can hold."""
    return text[:MAX_CHARACTERS].encode(errors="replace").decode()
