"""`archloop final`: what a user takes home from a run, in a folder of its own.

This module does *not* know the waves; `cycles.final` does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.mistakes import command_line
from cycles.cli.endings import keeping
from cycles.cli.options import JsonOption, TrustOption, UnsafeOption
from cycles.errors import UsageError
from cycles.showing.terminal import say

if TYPE_CHECKING:
    from cycles.final.folder import FinalFolder
    from cycles.final.records import FinalReport
    from cycles.final.settings import FinalSettings


def final(
    run_path: Annotated[Path, typer.Argument(metavar="RUN", help="The run's directory.", show_default=False)],
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="Networks that are trained in earnest.  [default: 8]")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Epochs of each training.  [default: 20]")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option("--seeds", min=1, help="Seeds that each of them is trained with.  [default: 3]"),
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", help="SPDX licence of the program, such as MIT, for the card.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Make the folder anew; what has a row in the ledger stands.")
    ] = False,
    unsafe: UnsafeOption = False,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take the best network of a run home: trained in earnest, measured once on the test split.

    The best networks are trained for many epochs with fresh seeds, and the validation split decides. The
    winner is trained on training and validation images together and measured on the test split. RUN/final
    then holds its program, weights, loader, ONNX file and card. A finished one is only shown.
    """
    from cycles.final.folder import FinalFolder
    from cycles.final.settings import FinalSettings
    from cycles.run.run_directory import RunDirectory

    given = {"top": top, "epochs": epochs, "seeds": seeds}
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = FinalSettings(**chosen)
    directory = RunDirectory.open(run_path)
    folder = FinalFolder(directory.path / "final")
    report = _finished(folder, settings, asked=bool(chosen) and not again)
    if report is None or again:
        options = [word for name, value in chosen.items() for word in (f"--{name}", value)]
        again_with = command_line("archloop", "final", run_path, *options, *(["--again"] if again else []))
        with keeping(f"everything finished is kept. Go on with: {again_with}"):
            report = _make(run_path, settings, licence, as_json, unsafe, trusted)
    if as_json:
        typer.echo(json.dumps({"event": "final", "path": str(folder.path), **report.model_dump(mode="json")}))
    else:
        _show(report, folder)


def _finished(folder: FinalFolder, settings: FinalSettings, *, asked: bool) -> FinalReport | None:
    """Return the report of a folder that is there, None where there is none yet.

    Raises:
        UsageError: It was made with other settings than those asked for.
    """
    report = folder.report()
    if report is not None and asked and report.settings != settings:
        made = report.settings
        raise UsageError(
            f"{folder.path} was made with --top {made.top} --epochs {made.epochs} --seeds {made.seeds}. "
            "Leave these options out to see it, or make it anew: --again"
        )
    return report


def _make(
    run_path: Path,
    settings: FinalSettings,
    licence: str | None,
    as_json: bool,
    unsafe: bool,
    trusted: bool,
) -> FinalReport:
    from corpus.records.exchange import NO_LICENCE
    from cycles.final.opening import open_final

    with open_final(
        run_path,
        settings,
        licence=licence or NO_LICENCE,
        as_json=as_json,
        unsafe=unsafe,
        trusted=trusted,
    ) as opened:
        return opened.run()


def _show(report: FinalReport, folder: FinalFolder) -> None:
    from rich.table import Table

    from cycles.figures.quantities import byte_size
    from cycles.final.card import mean_words, measured_words, seed_words
    from cycles.showing.terminal import console

    metric = report.metric
    over = "over the seeds of the first wave; 95% intervals in brackets"
    table = Table(caption=f"validation {metric.heading} {over}")
    for heading in ("program", "in the search", "validation", "parameters"):
        table.add_column(heading, justify="left" if heading == "program" else "right")
    for each in report.first_wave:
        parameters = "-" if each.parameters is None else f"{each.parameters:,}"
        searched, mean = f"{metric.of(each.searched):.3f}", mean_words(each.mean.shown_as(metric))
        table.add_row(each.candidate_id, searched, mean, parameters)
    console(pipe_width=100).print(table)
    if (words := seed_words(report)) is not None:
        say(words)
    for passed in report.passed_over:
        say(f"{passed.candidate_id} could not be taken home: {passed.status}, {passed.reason}")
    value, basis = measured_words(report)
    one = "an image" if report.inputs == "images" else f"a {report.inputs.removesuffix('s')}"
    say(
        f"{report.provenance.candidate_id}: test {metric.heading} {value} "
        f"({basis}), {byte_size(report.weights_bytes)} of weights, "
        f"{report.latency.median_ms:.2f} ms {one}"
    )
    if not report.onnx:
        say(f"ONNX: {report.onnx_note}")
    say(f"Folder: {folder.path} (read its README.md first)")
