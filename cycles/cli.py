"""The command line. Every command is a few lines over the rooms; heavy imports wait until a command needs
them.

Exit codes: 0 done, 2 the user's mistake, 130 interrupted (everything kept), 1 broken machinery (`resume`
goes on).
"""

from __future__ import annotations

import errno
import json
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from cycles import cli_steps
from cycles.errors import UsageError
from cycles.options import JsonOption, PresetOption, SetOption

app = typer.Typer(
    name="archloop",
    help="A code model that teaches itself to design neural networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
config_app = typer.Typer(help="Show presets and resolved configurations.", no_args_is_help=True)
app.add_typer(config_app, name="config")
for step in (cli_steps.generate, cli_steps.evaluate, cli_steps.finetune):
    app.command()(step)

RunArgument = Annotated[Path, typer.Argument(help="The run's directory.", show_default=False)]


def main() -> None:
    """Run the command line; a user's mistake becomes one line on standard error and exit code 2."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except SystemExit:
        raise
    except _mistakes() as error:
        _fail(str(error))
    except PermissionError as error:
        _fail(f"{error.filename}: no permission. Change it, or choose another place with --out.")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _fail("The disk is full. What is finished is kept: free some room, then archloop resume RUN.")


def _mistakes() -> tuple[type[Exception], ...]:
    """Return the errors that a user can mend; looked up only once something was raised."""
    from corpus.errors import CorpusError
    from evaluator.errors import UnknownTaskError
    from finetune.config import FinetuneError
    from generator.models import ModelNotFoundError

    return UsageError, CorpusError, FinetuneError, ModelNotFoundError, UnknownTaskError


def _fail(message: str) -> None:
    typer.echo(f"archloop: {message}", err=True)
    sys.exit(2)


@app.command()
def run(
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Run directory.  [default: runs/PRESET]")] = None,
    control: Annotated[
        str | None, typer.Option("--control", help="Run a control arm: frozen or random-valid.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the run.")] = None,
    cycles: Annotated[int | None, typer.Option("--cycles", help="Cycles, cycle 0 included.")] = None,
    prepare: Annotated[bool, typer.Option("--prepare", help="Only make the run; do not start it.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Start a run: the model writes networks, the winners teach it, again and again."""
    from cycles.assembly import start_run
    from cycles.config import load_config

    settings = list(overrides or [])
    settings += [f"{key}={value}" for key, value in (("seed", seed), ("cycles", cycles)) if value is not None]
    if control is not None:
        settings.append(f"control={json.dumps(control)}")
    config = load_config(preset, settings)
    directory = start_run(out or Path("runs") / Path(preset).stem, config)
    if prepare:
        typer.echo(f"{directory.path} is ready. Start it: archloop resume {directory.path}")
        return
    _drive(directory.path, as_json)


@app.command()
def resume(run_path: RunArgument, as_json: JsonOption = False) -> None:
    """Go on with a run where it stopped, however it stopped; a finished run is only reported."""
    _drive(run_path, as_json)


def _drive(path: Path, as_json: bool) -> None:
    from cycles.assembly import open_loop
    from cycles.interruption import Interrupted

    with open_loop(path, as_json=as_json) as loop:
        try:
            loop.run()
        except Interrupted:
            typer.echo(
                f"Interrupted; everything finished is kept. Go on with: archloop resume {path}", err=True
            )
            raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps({"event": "run_finished", "run": str(path)}))
    else:
        report(path)


@app.command()
def status(run_path: RunArgument, as_json: JsonOption = False) -> None:
    """Say how far a run is: cycles complete, and what the current cycle has done."""
    from corpus.store import Corpus
    from cycles.run_directory import RunDirectory
    from cycles.status import run_status

    directory = RunDirectory.open(run_path)
    with Corpus.open(directory.corpus_file, read_only=True) as corpus:
        state = run_status(corpus, directory.config())
    typer.echo(json.dumps(state.model_dump(mode="json")) if as_json else str(state))


@app.command()
def report(run_path: RunArgument, as_json: JsonOption = False) -> None:
    """Print the table of a run's cycles, and write metrics.jsonl beside its ledger."""
    from corpus.store import Corpus
    from cycles.report import cycle_table, run_reports, write_metrics
    from cycles.run_directory import RunDirectory

    directory = RunDirectory.open(run_path)
    config = directory.config()
    with Corpus.open(directory.corpus_file, read_only=True) as corpus:
        reports = run_reports(corpus, config)
    write_metrics(reports, directory.metrics_file)
    if as_json:
        for row in reports:
            typer.echo(row.model_dump_json())
        return
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160)
    if not reports:
        console.print(f"No cycle of {run_path} is complete yet. See: archloop status {run_path}")
        return
    console.print(cycle_table(reports, config.corpus.min_accuracy))
    console.print(
        f"Ledger: {directory.corpus_file}. Per-cycle figures: {directory.metrics_file}", soft_wrap=True
    )


@app.command()
def export(
    run_path: RunArgument,
    out: Annotated[Path, typer.Argument(help="A new directory.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Write a run's programs, evaluations and fine-tuning rows as JSON lines that `datasets` loads."""
    from corpus.export import export_jsonl
    from corpus.store import Corpus
    from cycles.run_directory import RunDirectory

    directory = RunDirectory.open(run_path)
    with Corpus.open(directory.corpus_file, read_only=True) as corpus:
        counts = export_jsonl(corpus, out)
    typer.echo(json.dumps({"directory": str(out), **counts}) if as_json else f"{out}: {_listed(counts)}")


@config_app.command("show")
def config_show(
    preset: PresetOption = "cpu-tiny", overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """Print the resolved configuration as TOML: what `archloop run` with the same options would do."""
    import tomli_w

    from cycles.config import load_config

    values = load_config(preset, overrides or []).model_dump(mode="json", exclude_none=True)
    typer.echo(json.dumps(values) if as_json else tomli_w.dumps(values).rstrip())


@config_app.command("presets")
def config_presets() -> None:
    """List the shipped presets."""
    from cycles.config import preset_names

    for name in preset_names():
        typer.echo(name)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
