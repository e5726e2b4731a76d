"""The command that says how well scores are known before a training is over.

It reads finished cycles of runs, and runs their programs in the sandbox for zero-cost scores; it changes no
run. This module does *not* compute the table (`cycles.predicting.table` does).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycles.cli.endings import keeping
from cycles.cli.options import JsonOption, TrustOption, UnsafeOption
from cycles.errors import UsageError
from cycles.figures.quantities import counted
from cycles.showing.terminal import console, say

if TYPE_CHECKING:
    from cycles.predicting.model import Learner
    from cycles.predicting.table import PredictionTable
    from cycles.predicting.validation import Measure
    from cycles.predicting.zero_cost import Scores

PIPE_WIDTH = 120
"""Columns of a table that goes to a file or a pipe."""


def predict(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="The runs' directories.", show_default=False)
    ],
    places: Annotated[
        int, typer.Option("--places", min=1, max=16, help="How many of the 16 noted losses are known.")
    ] = 4,
    scores: Annotated[
        bool, typer.Option("--scores/--no-scores", help="Run the programs for zero-cost scores.")
    ] = True,
    boosting: Annotated[
        bool, typer.Option("--boosting", help="Predict by gradient boosting instead of a forest.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the folds and the predictor.")] = 0,
    unsafe: UnsafeOption = False,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say how well the scores of programs are predicted from code, graph, first losses and zero-cost scores.

    Cross-validated: no near-duplicate of a program is among those that its predictor has learnt from.
    """
    from cycles.predicting.table import prediction_table

    if len({path.resolve() for path in runs}) < len(runs):
        raise UsageError("A run is named twice. Name each run once.")
    learner: Learner = "boosting" if boosting else "forest"
    with keeping("nothing was printed."), _scorer(runs[0], scores, unsafe, trusted) as score:
        table = prediction_table(runs, places=places, learner=learner, seed=seed, score=score)
    if as_json:
        typer.echo(table.model_dump_json())
    else:
        _show(table)


@contextmanager
def _scorer(run: Path, wanted: bool, unsafe: bool, trusted: bool) -> Iterator[Callable[[str], Scores] | None]:
    """Yield who gives the zero-cost scores of a program under a run's protocol, None where nobody shall."""
    if not wanted:
        yield None
        return
    from cycles.config.trust import consented
    from cycles.parts import build_sandbox, task_shape
    from cycles.predicting.zero_cost import zero_cost_scores
    from cycles.run.run_directory import RunDirectory

    config = consented(RunDirectory.open(run).config(), str(run), unsafe=unsafe, trusted=trusted)
    shape = task_shape(config)
    with build_sandbox(config) as sandbox:
        say(f"Sandbox: {sandbox.isolation}", err=True)
        yield lambda source: zero_cost_scores(sandbox.execute, source, shape, config.evaluator)


def _show(table: PredictionTable) -> None:
    from rich.table import Table

    screen = console(pipe_width=PIPE_WIDTH)
    say(
        f"{counted(table.programs, 'program')} of {table.protocol_id}, in "
        f"{counted(table.duplicate_groups, 'group')} of near-duplicates; {table.folds} folds, "
        f"the first {table.places} of 16 losses, {table.learner}. In parentheses 95% intervals over groups."
    )
    shown = Table(title="Predicted from")
    for heading in ("features", "number", "r", "R2", "Spearman"):
        shown.add_column(heading, justify="left" if heading == "features" else "right")
    for row in table.choices:
        measured = (_words(each) for each in (row.r, row.r2, row.spearman))
        shown.add_row(" + ".join(row.groups), str(row.features), *measured)
    screen.print(shown)
    alone = Table(title="Ranked by one number, without training")
    for heading in ("number", "programs", "Spearman"):
        alone.add_column(heading, justify="left" if heading == "number" else "right")
    for each in table.own:
        alone.add_row(each.name, str(each.programs), _words(each.spearman))
    screen.print(alone)
    if table.next_cycles:
        ahead = Table(title="Each cycle, ranked by code and graph from the cycles before")
        for heading in ("run", "cycle", "programs", "Spearman", "mean score", "of the highest quarter"):
            ahead.add_column(heading, justify="right")
        for one in table.next_cycles:
            numbers = (f"{each:.2f}" for each in (one.spearman, one.mean, one.mean_of_quarter))
            ahead.add_row(str(one.run + 1), str(one.cycle), str(one.programs), *numbers)
        screen.print(ahead)


def _words(measure: Measure) -> str:
    return f"{measure.value:.2f} ({measure.low:.2f}, {measure.high:.2f})"
