"""The program inside a completion.

A code model wraps its answer in fences, tags, prose and chat markers, in any combination, drafts before it
answers, and may be cut off in the middle. `extract_program` finds the text that is meant as the program.

This module does *not* repair code, and it does not judge it: whatever looks like a program is handed on, the
evaluator says what it is worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from generator.prompts.blocks import Block, glued, read_blocks
from generator.prompts.code_lines import NET, STATEMENT, SURE_START
from generator.prompts.parts import Part, completed, joined, read_part
from generator.prompts.repairs import has_odd_spaces, readings
from generator.prompts.stretches import PYTHON_LABELS, clean, stretches, trimmed, without_caption

MAX_CHARACTERS = 250_000
"""Of a longer completion only this much is read; the rest is ignored."""

MAX_PROGRAM_CHARACTERS = 100_000
"""No text beyond this, which the evaluator refuses, is parsed."""

MAX_PARSED_CHARACTERS = 120_000
"""Characters given to Python's parser for one completion, over all texts tried."""

MOST_TEXTS = 64
"""Texts of one reading that are tried."""

MOST_PROGRAMS = 8
"""Texts with a `Net` of one reading that are completed from others."""


def extract_program(text: str) -> str | None:
    """Return the program in `text`, ending in one newline, or None if nothing looks like code.

    Of all texts that Python can parse, those that keep the contract count first, then those with a class
    `Net`; of several the last one counts, since models put their final answer last, unless an earlier one is
    more than twice as long. Code that was split over several blocks is put together. If the answer's `Net`
    cannot be parsed, it is handed on as it stands, from the last block that has it. A draft, the content of
    `<hp>` or `<tr>` and another turn count only where the answer has no `Net` and they do.

    At most `MAX_CHARACTERS` are read, in time proportional to their number.
    """
    text = text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    parser = _Parser()
    views = list(dict.fromkeys(_views(text)))
    answers = list(dict.fromkeys(view.answer() for view in views))
    for scope in (answers, views):
        program = _program(scope, parser)
        if program is not None:
            return program
    return _code(answers, parser)


@dataclass(frozen=True)
class _View:
    """The blocks of one reading of a completion.

    Attributes:
        blocks: The blocks in their order.
        exact: Whether a block counts as a whole only, because with odd spaces code may not look like code.
    """

    blocks: tuple[Block, ...]
    exact: bool

    def answer(self) -> _View:
        """Return what is left without the blocks that stand apart."""
        return _View(tuple(block for block in self.blocks if not block.apart), self.exact)


def _views(text: str) -> Iterator[_View]:
    odd = has_odd_spaces(text)
    for number, reading in enumerate(readings(text)):
        for heed_strings in (True, False):
            blocks = read_blocks(reading, heed_strings=heed_strings)
            yield _View(tuple(blocks), exact=odd and number == 0)


@dataclass(frozen=True)
class _Found:
    """A part of a program, and whether it stood in tags that announce the program."""

    part: Part
    announced: bool


class _Parser:
    """Parses texts, each once, until the characters of one completion are used up."""

    def __init__(self) -> None:
        self._left = MAX_PARSED_CHARACTERS
        self._parts: dict[str, Part | None] = {}

    def part(self, text: str) -> Part | None:
        """Return `text` as a part of a program, or None if it is no code, does not parse or is too long."""
        if text not in self._parts:
            if len(text) > min(self._left, MAX_PROGRAM_CHARACTERS) or not STATEMENT.search(text):
                return None
            self._left -= len(text)
            self._parts[text] = read_part(text)
        return self._parts[text]

    def parts(self, view: _View, *, cut: bool) -> list[_Found]:
        """Return the parts in `view` in their order; with `cut`, also stretches of blocks that do not parse.

        What holds a `Net`, and then what comes last, is parsed first.
        """
        texts = [(block, clean(block.text)) for block in [*view.blocks, *glued(view.blocks)]]
        ranks = sorted(range(len(texts)), key=lambda place: (NET.search(texts[place][1]) is None, -place))
        found: dict[int, list[_Found]] = {}
        for place in ranks[:MOST_TEXTS]:
            block, text = texts[place]
            found[place] = [
                _Found(part, block.in_program_tags) for part in self._parts_of(text, view.exact, cut)
            ]
        return [item for place in sorted(found) for item in found[place]]

    def _parts_of(self, text: str, exact: bool, cut: bool) -> Iterator[Part]:
        if not SURE_START.search(text):
            return
        for attempt in (without_caption(text), None if exact else trimmed(text, with_comments=True)):
            part = self.part(attempt) if attempt else None
            if part is not None:
                yield part
                return
        if cut and not exact:
            for stretch in stretches(text)[:MOST_TEXTS]:
                part = self.part(stretch)
                if part is not None:
                    yield part


def _program(views: Sequence[_View], parser: _Parser) -> str | None:
    """Return the best text with a `Net`: one that keeps the contract, one that parses, or a broken one."""
    for view in views:
        found = _completed(parser.parts(view, cut=True), parser)
        keeping = [program for program in found if program.part.keeps_contract]
        if keeping:
            return _last_of_the_long(keeping)
    for view in views:
        # A stretch may be the half of a broken program that parses: it counts only if it keeps the contract.
        found = _completed(parser.parts(view, cut=False), parser)
        if found:
            return _last_of_the_long(found)
    return next((code for view in views if (code := _broken_program(view.blocks)) is not None), None)


def _completed(found: Sequence[_Found], parser: _Parser) -> list[_Found]:
    """Return every part with a `Net`, joined with the parts that it lacks."""
    programs = []
    parts = [item.part for item in found]
    for seed in [place for place, part in enumerate(parts) if part.has_net][-MOST_PROGRAMS:]:
        places = completed(seed, parts)
        whole = parser.part(joined([parts[place].text for place in places])) if len(places) > 1 else None
        programs.append(_Found(whole or parts[seed], found[seed].announced))
    return programs


def _last_of_the_long(programs: Sequence[_Found]) -> str:
    programs = [program for program in programs if program.announced] or programs
    longest = max(len(program.part.text) for program in programs)
    return next(item.part.text for item in reversed(programs) if 2 * len(item.part.text) >= longest)


def _broken_program(blocks: Sequence[Block]) -> str | None:
    """Return the last block that has a line `class Net`, those in fences first."""
    for fenced in (True, False):
        for block in reversed(blocks):
            if (block.label is not None) is fenced and NET.search(clean(block.text)):
                return clean(block.text) if fenced else trimmed(block.text)
    return None


def _code(views: Sequence[_View], parser: _Parser) -> str | None:
    """Return the longest text without a `Net` that parses, or else the one nearest to code."""
    for view in views:
        spoken = tuple(block for block in view.blocks if _may_be_python(block))
        texts = [item.part.text for item in reversed(parser.parts(replace(view, blocks=spoken), cut=False))]
        if texts:
            return max(texts, key=len)
    for view in views:
        for block in reversed(view.blocks):
            code = clean(block.text)
            if block.label is not None and _may_be_python(block) and STATEMENT.search(code):
                return code
        plain = trimmed("\n".join(block.text for block in view.blocks if block.label is None))
        if plain is not None:
            return plain
    return None


def _may_be_python(block: Block) -> bool:
    return not block.label or block.label in PYTHON_LABELS
