"""The commands that show a run: `report` as a table and a page, `watch` in the terminal, `serve` in a
browser.

All three only read ledgers, beside a running loop too; `report` also writes metrics.jsonl and the page into
the run or, with --out, the page alone and nowhere else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.mistakes import command_line
from cycles.cli.endings import keeping
from cycles.cli.options import JsonOption
from cycles.errors import UsageError
from cycles.showing.collector import collector_at_rest
from cycles.showing.terminal import console, say

if TYPE_CHECKING:
    from corpus.records.search.trials import Trial
    from corpus.records.tasks.kinds import Metric
    from cycles.figures.runs import RunData
    from generator.strategies.agentnas.seeds import BesideSeed

RunsArgument = Annotated[
    list[Path], typer.Argument(metavar="RUN...", help="The runs' directories.", show_default=False)
]
RunArgument = Annotated[Path, typer.Argument(help="The run's directory.", show_default=False)]

PIPE_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""


def report(
    runs: RunsArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where to write the page.  [default: report.html in the first RUN]"),
    ] = None,
    html: Annotated[bool, typer.Option("--html/--no-html", help="Write the page.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Print the table of a run's cycles, and write metrics.jsonl and a page that shows all of it.

    With --out the runs themselves stay as they are. A run that cannot be written to is shown all the same.
    The page is one file that opens from disk and asks nothing of the network. Give a control run beside the
    run itself, and the page says whether the loop beats it.
    """
    show_report(runs, out=out, html=html, as_json=as_json)


@collector_at_rest()
def show_report(
    runs: list[Path], *, out: Path | None = None, html: bool = True, as_json: bool = False
) -> None:
    """Do what `archloop report` does; `run` and `resume` end with it."""
    from cycles.figures.runs import gather

    if len({path.resolve() for path in runs}) < len(runs):
        raise UsageError("A run is named twice. Name each run once.")
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise UsageError(
            f"{out}: not a place for a file. Give a file in a directory that exists: --out FILE."
        )
    # Counting goes over every program; the note is seen on terminals alone.
    with console(err=True).status("Reading the ledgers"):
        found = gather(runs)
    page = (out or runs[0] / "report.html") if html else None
    refused = _write_into_the_runs(found, page) if out is None else None
    if refused is not None:
        say(f"archloop: {refused}", err=True)
        page = None
    elif out is not None and page is not None:
        _write_page(found, page)
    if as_json:
        for run in found:
            for row in run.reports:
                named = {"run": str(run.path)} if len(found) > 1 else {}
                typer.echo(json.dumps({**named, **row.model_dump(mode="json")}))
            if (seeded := run.beside_seed) is not None:
                typer.echo(json.dumps({"run": str(run.path), **_seed_rows(seeded)}))
    else:
        _print_tables(found, page, figures=out is None and refused is None)


def _write_into_the_runs(runs: list[RunData], page: Path | None) -> str | None:
    """Write figures and page beside their ledgers; return why that cannot be, None where it is done."""
    from cycles.figures.metrics import write_metrics
    from cycles.refusals import refusal
    from cycles.run.run_directory import RunDirectory

    try:
        for run in runs:
            write_metrics(run.reports, RunDirectory(run.path).metrics_file)
        if page is not None:
            _write_page(runs, page)
    except OSError as error:
        line = refusal(error)
        if line is None:
            raise
        elsewhere = command_line("archloop", "report", *(run.path for run in runs), "--out", "FILE")
        return f"{line} The page can go there: {elsewhere}"
    return None


def _write_page(runs: list[RunData], path: Path) -> None:
    """Write the page in one step: a browser that reloads never finds half of it."""
    from corpus.files.whole import write_whole
    from cycles.reporting.page import render

    write_whole(path, render(runs))


def _print_tables(runs: list[RunData], page: Path | None, *, figures: bool) -> None:
    from cycles.run.run_directory import RunDirectory
    from cycles.showing.cells import cycle_table

    for run in runs:
        if len(runs) > 1:
            say("")
            say(f"{run.name}: {run.arm.words}, seed {run.config.seed}")
        if run.reports:
            console(pipe_width=PIPE_WIDTH).print(cycle_table(run.reports, run.config.corpus))
        else:
            see = command_line("archloop", "status", run.path)
            say(f"No cycle of {run.path} is complete yet. See: {see}")
        if (seeded := run.beside_seed) is not None:
            best, seed = (_scored(row, run.metric) for row in (seeded.best, seeded.seed))
            say(f"Best non-seed: {best}; the seed: {seed} ({run.metric.heading} in the search)")
        directory = RunDirectory(run.path)
        beside = f" Per-cycle figures: {directory.metrics_file}" if figures else ""
        say(f"Ledger: {directory.ledger_file}.{beside}")
    if page is not None:
        say(f"Page: {page} (opens in any browser)")


def _seed_rows(seeded: BesideSeed) -> dict[str, object]:
    """Return the seed of a run and the best network that is not it, with their scores in the search."""
    named = {"seed": seeded.seed, "best_non_seed": seeded.best}
    return {
        name: None if row is None else {"candidate_id": row.candidate.id, "accuracy": row.accuracy}
        for name, row in named.items()
    }


def _scored(row: Trial | None, metric: Metric) -> str:
    if row is None:
        return "none"
    value = "invalid" if row.accuracy is None else f"{metric.of(row.accuracy):.3f}"
    return f"{row.candidate.id} {value}"


def watch(
    run_path: RunArgument,
    every: Annotated[float, typer.Option("--every", min=0.1, help="Seconds between two looks.")] = 2.0,
    as_json: JsonOption = False,
) -> None:
    """Follow a running loop until it is finished. Ctrl-C stops the watching, never the run."""
    from cycles.showing.watch import watch as follow

    with keeping(f"the run is as it was. Again: {command_line('archloop', 'watch', run_path)}"):
        follow(run_path, console(), every_seconds=every, as_json=as_json)


def serve(
    runs: RunsArgument,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8321,
    as_json: JsonOption = False,
) -> None:
    """Show the report in a browser on this machine, renewed whenever a ledger grows. Ctrl-C ends it."""
    from cycles.showing.serve import ReportServer

    with ReportServer(runs, port) as server:
        if as_json:
            typer.echo(json.dumps({"event": "serving", "url": server.url}))
        else:
            say(f"{server.url}  (this machine only; Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:  # the way to end it, so no word is due
            raise typer.Exit(130) from None
