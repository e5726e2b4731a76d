"""`archloop transfer`: whether what a run's model was taught on one task serves it on others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cycles.cli.options import JsonOption, SetOption, TrustOption, UnsafeOption
from cycles.cli.studies.compare import agree_to, as_data, read_study, run_study, show_grid
from cycles.showing.terminal import say

RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run whose model was taught.", show_default=False)
]


def transfer(
    run_path: RunArgument,
    tasks: Annotated[
        list[str], typer.Option("--to", help="A task to ask it on; may be given again.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Directory of the studies.  [default: RUN/transfer]")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Paired seeds.")] = 5,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Runs at a time.")] = 1,
    overrides: SetOption = None,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Run nothing; report what is finished.")
    ] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    unsafe: UnsafeOption = False,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Ask a taught model on other tasks, beside the model before it was taught and one that is taught there.

    Three arms for each task at equal evaluations: frozen, transferred, taught there. What was stopped goes on
    when the command is given again.
    """
    from cycles.config.study import RetestConfig
    from cycles.figures.studies.tables import as_markdown as grid_as_markdown
    from cycles.figures.studies.tables import overview
    from cycles.run.run_directory import RunDirectory
    from cycles.studies.transferring import prepare, study_of

    directory = RunDirectory.open(run_path)
    out = run_path / "transfer" if out is None else out
    prepare(directory, out)
    retest = RetestConfig(seeds=3, top=8)
    studies = {task: study_of(out, task, seeds, retest, overrides or []) for task in dict.fromkeys(tasks)}
    if not report_only:
        for study in studies.values():
            agree_to(study, overrides or [], unsafe=unsafe, trusted=trusted)
        for task, study in studies.items():
            run_study(study, out / task, jobs, unsafe)
    figures = {task: read_study(study, out / task, as_json) for task, study in studies.items()}
    if as_json:
        typer.echo(json.dumps({task: as_data(each) for task, each in figures.items()}))
        return
    table = overview(figures)
    if as_markdown:
        typer.echo(grid_as_markdown(table))
    else:
        show_grid(table)
    for task, each in figures.items():
        for line in (*(pair.sentence for pair in each.pairs), *each.remarks):
            say(f"{task}: {line}")
