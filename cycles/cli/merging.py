"""`archloop merge`: the generator of a run, with what it has learnt, as a model of its own.

Another run starts from it by `generator.model`, so what one search has taught serves the next. This module
does *not* fine-tune.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.mistakes import command_line
from cycles.cli.endings import keeping
from cycles.errors import UsageError
from cycles.showing.terminal import say

if TYPE_CHECKING:
    from cycles.run.run_directory import RunDirectory


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
    from cycles.run.making import directory_made
    from cycles.run.models import check_model
    from cycles.run.run_directory import RunDirectory
    from generator.models.places import resolve_model
    from generator.serving.served_adapter import merge as merge_weights

    if out.exists():
        raise UsageError(f"{out} is there already. Choose a new folder: --out DIR.")
    directory = RunDirectory.open(run_path)
    config = directory.config()
    wanted = [cycle] if cycle is not None else _kept(directory, config.cycles)
    adapter = next((each for number in wanted if (each := directory.adapter(number)).is_dir()), None)
    if adapter is None:
        which = "no adapter" if cycle is None else f"no adapter of cycle {cycle}"
        raise UsageError(f"{run_path} has {which}. Only runs whose model is taught have: see teaching.by.")
    check_model(config, trains=False, adapter=adapter)
    home = out.absolute().parent
    with (
        keeping(f"{out} was not made."),
        directory_made(home),
        tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=home) as made,
    ):
        merge_weights(resolve_model(config.generator.model), adapter, Path(made) / "model")
        (Path(made) / "model").rename(out)
    say(f"{out}: {config.generator.model} with {adapter}.")
    say(f"Start from it: {command_line('archloop', 'run', '--set', f'generator.model={out}')}")


def _kept(directory: RunDirectory, cycles: int) -> list[int]:
    """Return the cycles that may have an adapter, the last first, but those whose adapter was rolled back."""
    from corpus.ledger.reader import Ledger
    from cycles.teachers.guard import rolled_back

    numbers = range(cycles, 0, -1)
    if not directory.ledger_file.is_file():
        return list(numbers)
    with Ledger.open(directory.ledger_file) as ledger:
        return [number for number in numbers if not rolled_back(ledger, number)]
