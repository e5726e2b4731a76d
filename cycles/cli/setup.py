"""`archloop doctor` and `archloop init`: will it run here, and a configuration to start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.mistakes import command_line
from corpus.records.text import one_line
from cycles.cli.options import JsonOption, PresetOption, SetOption, TrustOption, UnsafeOption, agreed_config
from cycles.errors import UsageError
from cycles.figures.quantities import counted
from cycles.showing.terminal import console, say

if TYPE_CHECKING:
    from rich.console import Console

    from cycles.preflight.doctor.finding import Finding

FAULT_EXIT = 3
_STYLES = {"ok": "green", "warn": "yellow", "fault": "bold red"}


def doctor(
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the run would lie.  [default: runs/PRESET]")
    ] = None,
    gpu: Annotated[
        bool,
        typer.Option("--gpu", help="Instead: run honest and hostile programs on the GPU in the sandbox."),
    ] = False,
    unsafe: UnsafeOption = False,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check whether a run would work here, each line with its fix; exit code 3 where it would not."""
    import logging

    from cycles.preflight.doctor.examination import examine
    from cycles.preflight.doctor.finding import Level
    from cycles.preflight.doctor.gpu import examine_gpu

    config = agreed_config(preset, overrides or [], unsafe=unsafe, trusted=trusted)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    screen = console(highlight=False, pipe_width=140)
    counts = dict.fromkeys(Level, 0)
    place = out or Path("runs") / Path(preset).stem
    for finding in examine_gpu(config) if gpu else examine(config, place):
        counts[finding.level] += 1
        if as_json:
            typer.echo(finding.model_dump_json())
        else:
            _show(screen, finding)
    faults, warnings = counts[Level.FAULT], counts[Level.WARN]
    if not as_json:
        runs, fails = ("archloop runs here.", "archloop would not run here.")
        if gpu:
            runs, fails = ("Programs may be judged on this GPU.", "Programs may not be judged on this GPU.")
        verdict = fails if faults else runs
        numbers = f"{counted(faults, 'fault')}, {counted(warnings, 'warning')}"
        screen.print(f"{verdict} {numbers[:1].upper()}{numbers[1:]}.")
    if faults:
        raise typer.Exit(FAULT_EXIT)


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("archloop.toml"),
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a configuration with every setting, its meaning and its default, to edit and to run."""
    from corpus.records.tasks.wording import described
    from cycles.config.document import commented_toml
    from cycles.config.run import load_config
    from cycles.figures.measure import shape_of

    config = load_config(preset, overrides or [])
    text, shape = commented_toml(config), shape_of(config)
    if file.suffix != ".toml":
        raise UsageError(f"{file}: a configuration's name ends in .toml, for example {file}.toml.")
    try:
        with file.open("x", encoding="utf-8") as content:
            content.write(text)
    except FileExistsError:
        raise UsageError(f"{file} exists already and is kept. Choose another: archloop init FILE.") from None
    except FileNotFoundError:
        raise UsageError(f"{file.parent}: there is no such directory. Make it first.") from None
    if as_json:
        typer.echo(json.dumps({"path": str(file)}))
    else:
        start = command_line("archloop", "run", "--preset", file)
        task = "" if shape is None or shape.plain else f" Its task: {described(shape)}."
        say(f"{file} is written.{task} Edit it, then: {start}")


def _show(screen: Console, finding: Finding) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, 2))
    line.add_column(width=5)
    line.add_column(width=11)
    line.add_column(overflow="fold")
    says = Text(one_line(finding.says))
    line.add_row(Text(finding.level, style=_STYLES[finding.level]), Text(finding.subject), says)
    screen.print(line)
    if finding.fix:
        screen.print(Padding(Text(f"fix: {one_line(finding.fix)}", style="bold"), (0, 0, 0, 20)))
