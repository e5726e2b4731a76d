"""A bar for a command that does many small things one after the other; nothing on a pipe, or with JSON.

This module does *not* print results.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cycles.showing.terminal import console


@contextmanager
def steps(title: str, total: int | None, as_json: bool) -> Iterator[Callable[[str], None]]:
    """Show a progress bar on a terminal; yield what advances it.

    Args:
        title: What is being done.
        total: How many steps there are, None where nobody knows.
        as_json: Whether the command prints JSON.
    """
    if as_json or not sys.stderr.isatty():
        yield lambda _name: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[name]}"), console=console(err=True)) as progress:
        task = progress.add_task(title, total=total, name="")
        yield lambda name: progress.update(task, advance=1, name=name)
