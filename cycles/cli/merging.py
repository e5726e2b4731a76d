"""`archloop merge`: the generator of a run, with what it has learnt, as a model of its own.

Another run starts from it by `generator.model`, so what one search has taught serves the next. This module
does *not* fine-tune.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus.records.mistakes import command_line
from cycles.cli.endings import keeping
from cycles.errors import UsageError
from cycles.showing.terminal import say


def merge(
    run_path: Annotated[Path, typer.Argument(metavar="RUN", help="The run's directory.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", help="Write the model here: a new folder.", show_default=False)
    ],
    cycle: Annotated[
        int | None, typer.Option("--cycle", min=1, help="Whose adapter it is.  [default: the last]")
    ] = None,
) -> None:
    """Write the model of a run with its adapter merged into the weights, for another run to start from."""
    from cycles.run.run_directory import RunDirectory
    from cycles.teachers.merging import merge_run

    if out.exists():
        raise UsageError(f"{out} is there already. Choose a new folder: --out DIR.")
    directory = RunDirectory.open(run_path)
    with keeping(f"{out} was not made."):
        adapter = merge_run(directory, out, cycle)
    say(f"{out}: {directory.config().generator.model} with {adapter}.")
    say(f"Start from it: {command_line('archloop', 'run', '--set', f'generator.model={out}')}")
