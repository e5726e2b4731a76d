"""The commands that compare searches: `compare` runs and reports a study, `retest` trains a run's best anew.

A study is runs of several arms under paired seeds; what is missing of it is run, and what is there reported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.mistakes import command_line
from cycles.cli.endings import keeping
from cycles.cli.options import JsonOption, SetOption, TrustOption, UnsafeOption
from cycles.errors import UsageError
from cycles.figures.quantities import counted
from cycles.showing.terminal import console, say

if TYPE_CHECKING:
    from cycles.config.study import Study
    from cycles.figures.studies.pairs import StudyFigures
    from cycles.figures.studies.tables import Grid

PIPE_WIDTH = 200
"""Columns of a table that goes to a file or a pipe."""

SubjectsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="STUDY.toml|RUN...", help="A study file, or runs that are finished.", show_default=False
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Directory of the study: its runs and study.html.  [default: runs/NAME]"),
]


def compare(
    subjects: SubjectsArgument,
    out: OutOption = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Runs at a time.")] = 1,
    overrides: SetOption = None,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Run nothing; report what is finished.")
    ] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")] = False,
    unsafe: UnsafeOption = False,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare arms over paired seeds: run what is missing of a study, then say who finds the better network.

    A study that was stopped goes on when it is called again; a finished one is only reported.
    """
    if len(subjects) == 1 and subjects[0].suffix == ".toml":
        figures, page = _study(subjects[0], out, jobs, overrides or [], report_only, unsafe, trusted, as_json)
    else:
        figures, page = _runs(subjects, out, as_json)
    if page is not None:
        from corpus.files.whole import write_whole
        from cycles.reporting.studies.page import render_study

        write_whole(page, render_study(figures))
    if as_json:
        typer.echo(json.dumps(as_data(figures)))
    elif as_markdown:
        from cycles.figures.studies.tables import markdown

        typer.echo(markdown(figures), nl=False)
    else:
        _show(figures, page)


def retest(
    run_path: Annotated[Path, typer.Argument(help="The run's directory.", show_default=False)],
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=20, help="Fresh seeds to train on.")] = 3,
    top: Annotated[
        int, typer.Option("--top", min=1, max=20, help="Networks that come into question, best first.")
    ] = 1,
    unsafe: UnsafeOption = False,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train the best network of a finished run anew on fresh seeds, so that luck does not speak for it."""
    from corpus.records.tasks.kinds import Metric
    from cycles.config.study import RetestConfig
    from cycles.config.trust import require_consent
    from cycles.run.run_directory import RunDirectory
    from cycles.studies.retesting import retest_run

    config = RunDirectory.open(run_path).config()
    require_consent(config, str(run_path), unsafe=unsafe, trusted=trusted)
    again = command_line("archloop", "retest", run_path)
    with keeping(f"what was trained is kept. Go on with: {again}"):
        found = retest_run(
            run_path,
            RetestConfig(seeds=seeds, top=top),
            isolation="unsafe" if unsafe else None,
            tell=lambda line: say(line, err=True),
        )
    if as_json:
        row = {"run": str(run_path), "candidate": found.candidate.id if found else None}
        measured = {"accuracies": found.accuracies, "metric": found.metric} if found else {"accuracies": []}
        typer.echo(json.dumps({**row, **measured}))
    elif found is None:
        say(f"{run_path}: no valid network to train anew.")
    else:
        of, unit = found.metric.of, "" if found.metric is Metric.ACCURACY else f"{found.metric.heading} "
        each = f"{unit}{', '.join(f'{of(accuracy):.3f}' for accuracy in found.accuracies)}"
        mean = f"mean {of(found.mean):.3f}"
        say(f"{run_path}: {found.candidate.id} trained anew on {counted(seeds, 'seed')}: {each}; {mean}")


def as_data(figures: StudyFigures) -> dict[str, object]:
    """Return the figures of a study as JSON has them."""
    return {
        "study": figures.name,
        "metric": figures.metric,
        "arms": {arm: [run.model_dump(mode="json") for run in runs] for arm, runs in figures.arms.items()},
        "pairs": [pair.model_dump(mode="json") for pair in figures.pairs],
        "remarks": list(figures.remarks),
    }


def _study(
    file: Path,
    out: Path | None,
    jobs: int,
    overrides: list[str],
    report_only: bool,
    unsafe: bool,
    trusted: bool,
    as_json: bool,
) -> tuple[StudyFigures, Path | None]:
    from cycles.config.study import folder, load_study
    from cycles.figures.measure import metric_of, require_one_metric

    study = load_study(file, tuple(overrides))
    require_one_metric({cell.words: metric_of(cell.config) for cell in study.cells})
    out = out or Path("runs") / folder(study.config.name)
    if not report_only:
        agree_to(study, overrides, unsafe=unsafe, trusted=trusted)
        run_study(study, out, jobs, unsafe)
    figures = read_study(study, out, as_json)
    return figures, out / "study.html" if out.is_dir() else None


def agree_to(study: Study, overrides: list[str], *, unsafe: bool, trusted: bool) -> None:
    """Refuse a study of which a run asks for what its user did not agree to, before any is run.

    Raises:
        ConfigError: One does.
    """
    from cycles.config.trust import require_consent

    for cell in study.cells:
        require_consent(cell.config, str(study.file), overrides, unsafe=unsafe, trusted=trusted)


def read_study(study: Study, out: Path, as_json: bool) -> StudyFigures:
    """Return the figures of a study; every program of its runs is read for them, so a terminal sees a bar."""
    from cycles.showing.steps import steps
    from cycles.studies.gathering import gather_study

    with steps("Reading the runs", len(study.cells), as_json) as read:
        return gather_study(study, out, read)


def run_study(study: Study, out: Path, jobs: int, unsafe: bool) -> None:
    """Run what is missing of a study, and say how far it is.

    Raises:
        UsageError: Some runs broke.
    """
    from cycles.studies.running import StudyRunner

    with (
        keeping("everything finished is kept. The same command goes on with the study."),
        console(err=True).status("") as status,
    ):
        show = status.update if sys.stderr.isatty() else None
        runner = StudyRunner(study, out, jobs, lambda line: say(line, err=True), show, unsafe=unsafe)
        failures = runner.run()
    for failure in failures:
        say(f"{failure.cell.words} broke; its log, {failure.log_file}, ends: {failure.said}", err=True)
    if failures:
        raise UsageError(
            f"{len(failures)} of {len(study.cells)} runs broke; what is finished is kept. "
            "Read their logs, then give the same command again, or with --report-only."
        )


def _runs(paths: list[Path], out: Path | None, as_json: bool) -> tuple[StudyFigures, Path | None]:
    from cycles.showing.steps import steps
    from cycles.studies.gathering import gather_runs

    if out is not None and not out.is_dir():
        raise UsageError(f"{out}: no such directory. Make it first, or leave --out away for no page.")
    with steps("Reading the runs", len(paths), as_json) as read:
        figures = gather_runs(paths, read)
    return figures, out / "study.html" if out is not None else None


def show_grid(grid: Grid) -> None:
    """Show one table."""
    from rich.table import Table

    table = Table(title=grid.caption)
    for place, heading in enumerate(grid.headings):
        table.add_column(heading, justify="right" if place else "left")
    for row in grid.rows:
        table.add_row(*row)
    console(pipe_width=PIPE_WIDTH).print(table)


def _show(figures: StudyFigures, page: Path | None) -> None:
    from cycles.figures.studies.tables import grids, note

    screen = console(pipe_width=PIPE_WIDTH)
    for grid in grids(figures):
        show_grid(grid)
    for line in (*(pair.sentence for pair in figures.pairs), *figures.remarks):
        screen.print(line)
    screen.print(note(figures).replace("*", ""), style="dim")
    if page is not None:
        say(f"Page: {page} (opens in any browser)")
