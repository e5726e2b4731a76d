"""What becomes of a batch of answers before they are candidates: the best of several samples is taken, and
what repeats a design, or builds no network, is drawn again.

All tokens that were drawn are counted with the answer that is kept. This module does *not* know how samples
are ranked or what builds: `Choosing` and `Builds` are passed in (`cycles.predicting.ranking`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

from corpus.ledger.rows import storable
from corpus.novelty.diversity import skeleton
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.prompts import Completion, Prompt
from corpus.records.search.proposals import DecidedBy, Decision
from generator.edits.asking import keeps_most, read_answer
from generator.samplers.contract import Sample

Draw = Callable[[list[Prompt]], Generator[Sample, None, None]]
"""Answers prompts, with the model and the adapter that are in force."""


class Drawn(NamedTuple):
    """One sample, as it is ranked.

    Attributes:
        seed: What it was drawn with.
        source: The program in it, None where there is none.
    """

    seed: int
    source: str | None


Rank = Callable[[Sequence[Drawn]], Sequence[float | None]]
"""Returns what each sample is worth, more is better, None where nothing is known. It reads no ledger."""


Builds = Callable[[Sequence[str]], Collection[str]]
"""Returns those of some programs that build a network. It reads no ledger."""


class Choosing(NamedTuple):
    """How one of several samples is taken in one cycle.

    Attributes:
        samples: How many are drawn for each prompt.
        rank: What they are worth.
        words: By what they are ranked: `predictor`, `naswot`.
        by: Whether that is a rule or chance.
    """

    samples: int
    rank: Rank
    words: str
    by: DecidedBy = DecidedBy.RULE


class Answer(NamedTuple):
    """The answer that is kept of a prompt.

    Attributes:
        sample: The completion; its tokens are those of all that was drawn.
        seed: The seed that it was drawn with where that is not its prompt's own.
        taken: Says which of several samples it is, None where there was one.
    """

    sample: Sample
    seed: int | None = None
    taken: Decision | None = None


def take_best(
    prompts: Collection[Prompt], answers: dict[str, Answer], choosing: Choosing, draw: Draw
) -> None:
    """Draw further samples of each prompt, and put the best of all in place of the first.

    Of equal worth the earliest is taken; where nothing is known of any, the first.

    Args:
        prompts: The prompts of a batch.
        answers: Their first samples, by prompt; changed in place.
        choosing: How many are drawn, and how they are ranked.
        draw: Answers prompts.
    """
    drawn = {prompt.id: [(answers[prompt.id].sample, prompt.seed)] for prompt in prompts}
    for number in range(1, choosing.samples):
        again = {prompt.id: _with_seed(prompt, "sample", number) for prompt in prompts}
        with closing(draw(list(again.values()))) as arriving:
            for sample in arriving:
                drawn[sample.prompt_id].append((sample, again[sample.prompt_id].seed))
    everything = [(prompt, *each) for prompt in prompts for each in drawn[prompt.id]]
    worth = iter(choosing.rank([Drawn(seed, _program(prompt, each)) for prompt, each, seed in everything]))
    for prompt in prompts:
        samples = drawn[prompt.id]
        values = [next(worth) for _ in samples]
        best = max(range(len(samples)), key=lambda place: _known(values[place]))
        sample, seed = samples[best]
        spent = sum(each.token_count for each, _ in samples)
        said = "unknown" if values[best] is None else f"{values[best]:.4g}"
        what = f"sample {best + 1} of {len(samples)} by {choosing.words}: {said}"
        answers[prompt.id] = Answer(
            sample.model_copy(update={"token_count": spent}),
            seed if best else None,
            Decision(what=what, by=choosing.by),
        )


def redraw(
    prompts: Collection[Prompt],
    answers: dict[str, Answer],
    designs: Collection[str],
    times: int,
    draw: Draw,
    builds: Builds | None = None,
) -> None:
    """Draw again, up to so many times, what repeats one of `designs` or an answer before it.

    Args:
        prompts: The prompts of a batch.
        answers: Their answers, by prompt; changed in place.
        designs: The designs that are there already.
        times: How often at most.
        draw: Answers prompts.
        builds: Finds what builds no network, to be drawn again too; None where that is let pass.
    """
    built: dict[str, bool] = {}
    for number in range(1, times + 1):
        unwanted = _repeats(prompts, answers, designs)
        if builds is not None:
            unwanted += _broken(prompts, answers, builds, built)
        again = {prompt.id: _with_seed(prompt, "again", number) for prompt in unwanted}
        if not again:
            break
        with closing(draw(list(again.values()))) as arriving:
            for sample in arriving:
                spent = answers[sample.prompt_id].sample.token_count + sample.token_count
                counted = sample.model_copy(update={"token_count": spent})
                answers[sample.prompt_id] = Answer(counted, again[sample.prompt_id].seed)


def designs_of(written: Iterable[Candidate]) -> set[str]:
    """Return the designs of the programs that were written, as the ledger holds them."""
    return {skeleton(storable(each.source)) for each in written if each.source is not None}


def _program(prompt: Prompt, completion: Completion) -> str | None:
    """Return the program that an answer means, None where there is none."""
    return read_answer(prompt, completion.text).program


def _design(prompt: Prompt, completion: Completion) -> str | None:
    """Return the skeleton of the program that an answer means; None where there is none, or it is an edit."""
    source = None if keeps_most(prompt) else _program(prompt, completion)
    return None if source is None else skeleton(source)


def _repeats(
    prompts: Iterable[Prompt], answers: Mapping[str, Answer], designs: Collection[str]
) -> list[Prompt]:
    """Return the prompts whose answers have a design that is there already, or that one before them has."""
    known, repeats = set(designs), []
    for prompt in prompts:
        design = _design(prompt, answers[prompt.id].sample)
        if design in known:
            repeats.append(prompt)
        elif design is not None:
            known.add(design)
    return repeats


def _broken(
    prompts: Iterable[Prompt], answers: Mapping[str, Answer], builds: Builds, built: dict[str, bool]
) -> list[Prompt]:
    """Return the prompts whose answers hold no program that builds a network, but for those of edits.

    Args:
        prompts: The prompts.
        answers: Their answers, by prompt.
        builds: Looks at programs.
        built: What is known of programs; what is new is added.
    """
    anew = [each for each in prompts if not keeps_most(each)]
    programs = {each.id: _program(each, answers[each.id].sample) for each in anew}
    unknown = [each for each in dict.fromkeys(programs.values()) if each is not None and each not in built]
    found = builds(unknown)
    built.update((each, each in found) for each in unknown)
    return [each for each in prompts if each.id in programs and not built.get(programs[each.id] or "")]


def _with_seed(prompt: Prompt, word: str, number: int) -> Prompt:
    """Return a prompt as it is asked for the `number`-th time again: with another seed."""
    return prompt.model_copy(update={"seed": derive_seed(prompt.seed, word, number)})


def _known(worth: float | None) -> float:
    return float("-inf") if worth is None else worth
