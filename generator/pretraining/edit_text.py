"""The text of a model that knows three forms: whole programs, edits of programs, and repairs.

    program   a request, answered by a program of the grammar, as in `generator.pretraining.text`
    edit      that, a program of the grammar and perhaps a kind of edit; answered by an edit of the grammar
    repair    that, a program with one fault and how it fails; answered by what mends it

Answers to edits and repairs are search/replace blocks with short marks. This module does *not* train.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal, NamedTuple

from corpus.records.base import derive_seed
from generator.edits.asking import edit_request, repair_request
from generator.edits.faults import Fault
from generator.edits.writing import write_edit
from generator.grammar.derivation import pick
from generator.grammar.edits import edit
from generator.grammar.program import Derivation, sample_derivation
from generator.pretraining.breaking import Broken, break_program
from generator.pretraining.failing import faults
from generator.pretraining.text import PretrainingExample, draw_request
from generator.pretraining.tokenizer import END_TOKEN, ROLE_TOKENS
from generator.prompts.templates import ProgramRequest, expected_completion, render

Kind = Literal["program", "edit", "repair"]

WEIGHTS: dict[Kind, float] = {"program": 1, "edit": 2, "repair": 2}
"""How often each form comes. Our choice: an answer that is an edit has a quarter of a program's tokens."""

LONGEST_ANSWER = 700
"""Characters of an edit; longer ones are drawn again. Our choice: some 250 tokens."""

NAMED = 0.3
"""Share of the prompts for edits that name the kind of edit. Our choice."""

ANSWERS = 4
"""Answers to a prompt that names none, one after the other, as if each were alone. Our choice: with one
answer a fifth of the text would be learnt from, with four it is half."""

ANOTHER = f"{END_TOKEN}{ROLE_TOKENS[2]}"
"""What stands between them: the end of an answer, and the beginning of the next."""

TRIES = 1
"""Faults that are drawn for one repair, of which the first that shows is taken."""

_CHUNK = 800
"""Examples that are drawn together, so that their faults are found in one process."""


class _Draft(NamedTuple):
    """An example, or for a repair the programs of which one is to be mended."""

    request: ProgramRequest
    example: PretrainingExample | None
    broken: Sequence[Broken]


def draw_edit_examples(count: int, seed: int, kind: Kind | None = None) -> Iterator[PretrainingExample]:
    """Yield `count` examples; the one at an index depends on `(seed, index)` and `kind` alone.

    Args:
        count: How many.
        seed: Seeds them.
        kind: The one form that is wanted; None for all, by `WEIGHTS`.
    """
    for start in range(0, count, _CHUNK):
        drafts = [_draft(seed, index, kind) for index in range(start, min(start + _CHUNK, count))]
        tried = [(draft.request, broken) for draft in drafts for broken in draft.broken]
        found = iter(
            faults(
                [broken.source for _, broken in tried],
                [request.shape for request, _ in tried],
                [request.max_parameters for request, _ in tried],
            )
        )
        for index, draft in enumerate(drafts, start):
            shown = [(broken, fault) for broken in draft.broken if (fault := next(found)) is not None]
            if draft.example is not None:
                yield draft.example
            elif (example := _repair(draft.request, shown)) is not None:
                yield example
            else:  # no fault showed
                yield _edit(random.Random(derive_seed("instead", seed, index)), draft.request)


def _draft(seed: int, index: int, kind: Kind | None) -> _Draft:
    rng = random.Random(derive_seed("edits", seed, index))
    request = draw_request(rng)
    drawn: Kind = pick(rng, WEIGHTS)
    form = kind or drawn
    if form == "edit":
        return _Draft(request, _edit(rng, request), ())
    parent = sample_derivation(rng, request.shape, max_parameters=request.max_parameters)
    if form == "program":
        source = parent.program.source
        return _Draft(
            request,
            PretrainingExample(render("compact", request), expected_completion("compact", source)),
            (),
        )
    broken = [break_program(rng, parent, request.shape, request.max_parameters) for _ in range(TRIES)]
    return _Draft(request, None, broken)


def _edit(rng: random.Random, request: ProgramRequest) -> PretrainingExample:
    parent = sample_derivation(rng, request.shape, max_parameters=request.max_parameters)
    source = parent.program.source
    edits = _edits(rng, parent, request)
    if rng.random() < NAMED:
        operator, answer = next(edits)
        return PretrainingExample(edit_request("compact", request, source, operator=operator), answer)
    answers = [answer for _, answer in islice(edits, ANSWERS)]
    return PretrainingExample(edit_request("compact", request, source), ANOTHER.join(answers))


def _edits(rng: random.Random, parent: Derivation, request: ProgramRequest) -> Iterator[tuple[str, str]]:
    """Yield edits of a program, each with the name of its kind, for ever."""
    while True:
        child, operator = edit(parent, request.shape, rng, max_parameters=request.max_parameters)
        answer = write_edit(parent.program.source, child.program.source, "short")
        if answer is not None and len(answer) <= LONGEST_ANSWER:
            yield operator, answer


def _repair(request: ProgramRequest, shown: Sequence[tuple[Broken, Fault]]) -> PretrainingExample | None:
    """Return the repair of the first program that fails and that a short edit mends."""
    for broken, fault in shown:
        answer = write_edit(broken.source, broken.mended, "short")
        if answer is not None and len(answer) <= LONGEST_ANSWER:
            return PretrainingExample(repair_request("compact", request, broken.source, fault), answer)
    return None
