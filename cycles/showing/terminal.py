"""The terminal as archloop writes to it: whatever others wrote arrives as signs that can be seen.

    say        a line of plain text
    console    tables, trees and bars; nothing in a text is taken for markup
    LogLines   how the log is written there

All output for people goes through one of the three, so no place has to remember it. JSON does *not*: its own
escapes keep it on one line, and programs that read it need every character as it is.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from corpus.records.text import indented, visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, ConsoleRenderable
    from rich.segment import Segment


def say(text: object, *, err: bool = False) -> None:
    """Print `text` as one line on standard output, or on standard error with `err`."""
    typer.echo(visible(str(text)).replace("\n", " "), err=err)


def console(*, err: bool = False, pipe_width: int | None = None, highlight: bool = True) -> Console:
    """Return a console on standard output, or on standard error with `err`.

    Args:
        err: Which of the two.
        pipe_width: Columns where the output is no terminal; None for rich's own guess.
        highlight: Whether numbers and the like are coloured.
    """
    from rich.console import Console, RenderHook

    class Spelled(RenderHook):
        def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
            return [_Spelled(each) for each in renderables]

    width = None if (sys.stderr if err else sys.stdout).isatty() else pipe_width
    made = Console(stderr=err, width=width, markup=False, emoji=False, highlight=highlight)
    made.push_render_hook(Spelled())
    return made


class _Spelled:
    """Anything that rich prints, with the signs spelled out that cannot be seen."""

    def __init__(self, inner: ConsoleRenderable) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment

        for text, style, control in console.render(self._inner, options):
            yield Segment(text if control else visible(text), style, control)


class LogLines(logging.Formatter):
    """A log record as one line and, for a traceback, indented ones."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text."""
        return indented(super().format(record))
