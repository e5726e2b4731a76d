"""Hunks carried out on a program.

Where a hunk belongs is found by its lines alone: as they stand, then without blank lines at its ends, then
without indentation, which its new lines are then given. The first of these ways that finds anything must find
one place; several are a failure, and no place is guessed. All hunks are read against the program as it was.

This module does *not* judge the result, but for whether Python can parse it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from corpus.programs.parsing import parse_or_none
from generator.edits.failures import EditFailure
from generator.edits.forms import Hunk, read_hunks


class Edited(NamedTuple):
    """What an edit makes of a program.

    Attributes:
        text: The program, ending in one newline; None where the edit could not be carried out.
        failure: What is wrong; None where Python can parse the text. Under UNPARSABLE there is a text.
    """

    text: str | None
    failure: EditFailure | None


class _Change(NamedTuple):
    """Lines `start` to `end` of a program, and what comes in their place."""

    start: int
    end: int
    lines: tuple[str, ...]


class _Fault(Exception):
    """A hunk cannot be carried out."""

    def __init__(self, failure: EditFailure) -> None:
        super().__init__(failure.words)
        self.failure = failure


def apply_answer(program: str, answer: str) -> Edited:
    """Return what the edit in a model's answer makes of `program`.

    Time grows with the lengths of both: each of the at most `MOST_HUNKS` hunks is looked for three times.
    """
    hunks = read_hunks(answer)
    return apply_hunks(program, hunks) if hunks else Edited(None, EditFailure.NO_EDIT)


def apply_hunks(program: str, hunks: Sequence[Hunk]) -> Edited:
    """Return what `hunks`, at least one, make of `program`."""
    lines = program.rstrip("\n").split("\n")
    finder = _Finder(lines)
    try:
        changes = sorted(finder.change(hunk) for hunk in hunks)
    except _Fault as fault:
        return Edited(None, fault.failure)
    if any(first.end > second.start for first, second in itertools.pairwise(changes)):
        return Edited(None, EditFailure.AMBIGUOUS)
    made: list[str] = []
    place = 0
    for change in changes:
        made += [*lines[place : change.start], *change.lines]
        place = change.end
    made += lines[place:]
    text = "\n".join(made).strip("\n") + "\n"
    if text == program.strip("\n") + "\n":
        return Edited(None, EditFailure.NO_CHANGE)
    return Edited(text, None if parse_or_none(text) is not None else EditFailure.UNPARSABLE)


class _Finder:
    """Finds hunks in the lines of one program."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._as_they_stand = _joined(lines, str.rstrip)
        self._without_indentation = _joined(lines, str.strip)

    def change(self, hunk: Hunk) -> _Change:
        """Return the change that `hunk` is.

        Raises:
            _Fault: It belongs nowhere, or in several places.
        """
        if not any(line.strip() for line in hunk.old):
            raise _Fault(EditFailure.AMBIGUOUS)
        bare = _without_blank_ends(hunk)
        for wanted, text, key in (
            (hunk, self._as_they_stand, str.rstrip),
            (bare, self._as_they_stand, str.rstrip),
            (bare, self._without_indentation, str.strip),
        ):
            start = _only_place(text, _joined(wanted.old, key))
            if start is not None:
                end = start + len(wanted.old)
                new = wanted.new if key is str.rstrip else _indented(wanted, self._lines[start:end])
                return _Change(start, end, tuple(line.rstrip() for line in new))
        raise _Fault(EditFailure.DOES_NOT_APPLY)


def _joined(lines: Sequence[str], key: Callable[[str], str]) -> str:
    return "".join(f"\n{key(line)}" for line in lines) + "\n"


def _only_place(text: str, part: str) -> int | None:
    """Return the line at which `part` begins in `text`, None where it does nowhere.

    Raises:
        _Fault: There are several.
    """
    place = text.find(part)
    if place < 0:
        return None
    if text.find(part, place + 1) >= 0:
        raise _Fault(EditFailure.AMBIGUOUS)
    return text.count("\n", 0, place)


def _without_blank_ends(hunk: Hunk) -> Hunk:
    """Return a hunk without the blank lines at the ends of what it replaces, nor as many of what it puts."""
    head, tail = _blank_lines(hunk.old), _blank_lines(hunk.old[::-1])
    old = hunk.old[head : len(hunk.old) - tail]
    new = hunk.new[min(head, _blank_lines(hunk.new)) :]
    return Hunk(old, new[: len(new) - min(tail, _blank_lines(new[::-1]))])


def _blank_lines(lines: Sequence[str]) -> int:
    """Return how many blank lines come first."""
    return next((place for place, line in enumerate(lines) if line.strip()), len(lines))


def _indented(hunk: Hunk, found: Sequence[str]) -> list[str]:
    """Return the new lines of `hunk`, moved by as much as its first line is off from that which was found."""
    missing = _depth(found[0]) - _depth(hunk.old[0])
    moved = [" " * missing + line if missing >= 0 else _outdented(line, -missing) for line in hunk.new]
    return [line if line.strip() else "" for line in moved]


def _outdented(line: str, depth: int) -> str:
    return line[min(depth, _depth(line)) :]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
