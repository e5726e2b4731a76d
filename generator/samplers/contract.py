"""The contract of samplers: prompts in, completions out, each as soon as it is finished.

Three parts keep it: `generator.samplers.transformers` (this process, plain transformers),
`generator.serving.endpoint_sampler` (an OpenAI-compatible server, our own vLLM or any other) and
`generator.serving.offline_sampler` (vLLM in this process).

This module does *not* sample and imports nothing heavy.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field

from corpus.records.base import Record, derive_seed
from corpus.records.mistakes import Mistake
from corpus.records.prompts import Completion, Message, Prompt


class UpstreamError(Exception):
    """What answers prompts is gone, or answers nonsense, and patience did not help.

    Nothing that was written is lost; a run goes on with `archloop resume`.
    """


class RequestRefused(UpstreamError, ValueError):
    """The server understood the request and will never serve it: repeating it would not help."""


class PromptTooLong(ValueError):
    """A prompt fills the model's context and leaves no room for an answer."""


class UnsupportedOption(Mistake):
    """The chosen sampler cannot do what a call asks for; the message says which can."""


class Choice(Record):
    """The completion is one of `options`."""

    kind: Literal["choice"] = "choice"
    options: tuple[str, ...] = Field(min_length=1)


class JsonSchema(Record):
    """The completion is a JSON document that `document` (https://json-schema.org) accepts."""

    kind: Literal["json"] = "json"
    document: dict[str, Any]


class Regex(Record):
    """The whole completion matches `pattern`."""

    kind: Literal["regex"] = "regex"
    pattern: str


class Grammar(Record):
    """The completion is a sentence of a context-free grammar.

    Attributes:
        ebnf: The grammar in GBNF, the notation of llama.cpp and xgrammar; it starts at rule `root`.
    """

    kind: Literal["grammar"] = "grammar"
    ebnf: str


Guide = Choice | JsonSchema | Regex | Grammar
"""What a completion must look like: the server masks every token that would break it."""


class SamplingOptions(Record):
    """What may be asked of one call beside the sampler's own `SamplingParameters`.

    Attributes:
        n: Completions for each prompt. The first is drawn with the prompt's seed and is the one that `n=1`
            gives; the others have seeds derived from it.
        stop: Texts that end a completion; the text ends just before the first of them.
        logprobs: Whether to return each token's log-probability.
        guide: The form that completions must have, None for free text.
    """

    n: int = Field(default=1, ge=1)
    stop: tuple[str, ...] = ()
    logprobs: bool = False
    guide: Guide | None = None


class Sample(Completion):
    """A completion, with what only some calls ask for.

    Attributes:
        index: Its number among the completions of its prompt, from 0.
        logprobs: Natural log-probability of each of its tokens under the model itself (temperature 1, no
            filter), `token_count` values; None unless asked for.
    """

    index: int = Field(default=0, ge=0)
    logprobs: tuple[float, ...] | None = None


class Sampler(ABC):
    """Answers prompts with a model, or with whatever stands in for one.

    A completion depends on its prompt (messages and seed), on the adapter, on the options and on the
    sampler's own parameters. A sampler keeps no state between calls that could change a result, so a run
    that resumes draws what it would have drawn. Batches of different composition may round the last bit of
    the logits differently, and a server's batches depend on the clock: over it, equal seeds give equal
    completions except where a draw falls within that bit.

    A sampler is a context that lets go of all it holds: memory, a server of ours, an adapter on a server of
    somebody else's. It may be used without, and after it as before.
    """

    @property
    @abstractmethod
    def model_name(self) -> str:
        """Name of the base model or program source, for the ledger's `generator` column."""

    @property
    def answers_by_batch(self) -> bool:
        """Whether a completion may depend on the others of its call: a batch is kept whole or not at all."""
        return True

    @abstractmethod
    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        """Yield `options.n` completions for each prompt, in the order in which they are finished.

        `in_order` restores the order of the prompts. Exhaust or close one iterator before the next one is
        asked for: rows of the base model and rows of an adapter must never meet in a batch.

        Args:
            prompts: What to answer; their ids differ.
            adapter: Folder of a PEFT LoRA adapter to put on the base model, None for the base model alone.
            options: What to ask for beside the sampler's own parameters; None for its defaults.

        Raises:
            UpstreamError: What answers is gone, and patience did not help.
            UnsupportedOption: This sampler cannot do what `options` asks for, or takes no adapter.
            AdapterError: The folder holds no adapter.
            ValueError: A prompt fills the model's context (`PromptTooLong` without vLLM).
        """

    def guides(self, guide: Guide) -> bool:  # noqa: ARG002 - no guide, by default
        """Return whether completions can be held to `guide`: every token that would break it is masked."""
        return False

    def score(
        self,
        messages: Sequence[Message],  # noqa: ARG002 - nothing is scored, by default
        options: Sequence[str],  # noqa: ARG002
        adapter: Path | None,  # noqa: ARG002
    ) -> list[float]:
        """Return how likely the model finds each of `options` as its whole answer to a chat, seeds aside.

        Args:
            messages: The chat.
            options: Texts of one token or more.
            adapter: As in `sample`.

        Returns:
            For each option the mean over its tokens of the natural log-probability, under the model itself
            (temperature 1, no filter). The token that ends an answer is not among them.

        Raises:
            UnsupportedOption: This sampler cannot score.
            PromptTooLong: Chat and option do not fit the model's context.
        """
        raise UnsupportedOption(
            f"the {type(self).__name__} cannot score options: set generator.sampler to 'transformers'"
        )

    def release(self) -> None:  # noqa: B027 - what holds no memory has nothing to do here
        """Give back the memory that the next call would take again; nothing where there is none."""

    def close(self) -> None:
        """Let go of everything."""
        self.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def in_order(prompts: Sequence[Prompt], samples: Iterable[Sample], n: int = 1) -> Iterator[Sample]:
    """Yield the `n` samples of each prompt in the order of `prompts`, each as early as that allows."""
    waiting: dict[tuple[str, int], Sample] = {}
    arriving = iter(samples)
    for wanted in ((prompt.id, index) for prompt in prompts for index in range(n)):
        while wanted not in waiting:
            sample = next(arriving, None)
            if sample is None:
                raise ValueError(f"the sampler gave no completion number {wanted[1]} for {wanted[0]}")
            waiting[sample.prompt_id, sample.index] = sample
        yield waiting.pop(wanted)


def sample_seed(prompt: Prompt, index: int) -> int:
    """Return the seed of a prompt's completion number `index`."""
    return prompt.seed if index == 0 else derive_seed(prompt.seed, "sample", index)


def served_name(load: int, digest: str) -> str:
    """Return what a server calls an adapter: `policy-v3-1a2b3c4d5e6f7a8b` for the third that we load there.

    Args:
        load: Number of the load, from 1. It makes the name new, also for weights that come back: a server may
            serve cached work under a name that it knows.
        digest: The adapter's `adapter_hash`, by which a line of a server's log is found in the ledger.
    """
    return f"policy-v{load}-{digest}"


def model_label(model: str | Path) -> str:
    """Return `embedded`, a model's folder name, or its hub id: what the ledger calls the model."""
    from generator.embedded import embedded_model_path

    if isinstance(model, str):
        return model
    return "embedded" if model == embedded_model_path() else model.name
