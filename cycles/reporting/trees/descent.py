"""The best network of a search over trees as a picture, and the edits that led to it, before and after.

A network's tree is read from its program; a program that cannot be read as one is passed over. This module
does *not* judge edits: the accuracies are those of the two trainings.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from corpus.ledger.reader import Ledger
from corpus.records.search.trials import Trial
from corpus.records.tasks.kinds import Metric
from corpus.records.text import visible
from cycles.figures.runs import RunData
from cycles.reporting.charts import anchor
from cycles.reporting.trees.boxes import draw_tree
from cycles.reporting.trees.changes import Marks, changes, untouched
from cycles.run.run_directory import RunDirectory
from generator.trees.nodes import Path, Tree
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.reader import read
from generator.trees.shapes import lay_out

if TYPE_CHECKING:
    from generator.spaces.trees import TreeSpace

MOST_STEPS = 6
"""Edits that are shown: the last ones before the best network."""


class Step(NamedTuple):
    """One edit.

    Attributes:
        address: Page of the child within the report.
        name: The child's id.
        words: The edit, as its row says it.
        accuracy: Of the parent and of the child, in words.
        before: The parent, what went away or changed marked.
        after: The child, what came or changed marked.
    """

    address: str
    name: str
    words: str
    accuracy: str
    before: Markup
    after: Markup


class Descent(NamedTuple):
    """The best network of an arm.

    Attributes:
        run: Name of its run.
        address: Page of the network within the report.
        name: Its id.
        accuracy: Its accuracy, in words.
        picture: Its tree.
        steps: The edits that led to it, the last one first.
        earlier: How many edits before them are not shown.
    """

    run: str
    address: str
    name: str
    accuracy: str
    picture: Markup
    steps: list[Step]
    earlier: int


def descents(runs: Sequence[RunData]) -> list[Descent]:
    """Return the descent of the best network of each arm that searched trees, those that found none aside."""
    best: dict[str, RunData] = {}
    for run in runs:
        strategy = run.config.strategy
        if strategy.over_space and strategy.space == "trees" and run.valid:
            other = best.setdefault(run.arm.key, run)
            if _accuracy(run.valid[0]) > _accuracy(other.valid[0]):
                best[run.arm.key] = run
    return [found for run in best.values() if (found := _descent(run)) is not None]


def _descent(run: RunData) -> Descent | None:
    from cycles.parts import space_of

    with Ledger.open(RunDirectory.open(run.path).ledger_file) as ledger:
        space: TreeSpace = space_of(run.config, ledger)  # type: ignore[assignment]
    line = [(trial, tree) for trial in _line(run) if (tree := _tree(space, trial)) is not None]
    if not line:
        return None
    trial, tree = line[0]
    steps = [_step(run, space, child, parent) for child, parent in pairwise(line[: MOST_STEPS + 1])]
    return Descent(
        run.name,
        anchor(run.name, trial.candidate.id),
        visible(trial.candidate.id),
        _said(trial),
        _drawn(space, tree),
        steps,
        max(len(line) - 1 - MOST_STEPS, 0),
    )


def _line(run: RunData) -> list[Trial]:
    """Return the best candidate, its parent, the parent's parent and so on."""
    known = {trial.candidate.id: trial for trial in run.judged}
    line = [run.valid[0]]
    while line[-1].candidate.parents and (parent := known.get(line[-1].candidate.parents[0])) is not None:
        line.append(parent)
    return line


def _tree(space: TreeSpace, trial: Trial) -> Tree | None:
    try:
        return read(trial.candidate.source or "", space.shape, space.library)
    except NotATreeError:
        return None


def _drawn(space: TreeSpace, tree: Tree, marks: Marks | None = None, folded: Collection[Path] = ()) -> Markup:
    leaving = lay_out(tree, space.shape, space.library).leaving
    return draw_tree(tree, space.library, leaving, marks, folded)


def _step(run: RunData, space: TreeSpace, child: tuple[Trial, Tree], parent: tuple[Trial, Tree]) -> Step:
    gone, come = changes(parent[1], child[1])
    candidate = child[0].candidate
    return Step(
        anchor(run.name, candidate.id),
        visible(candidate.id),
        visible(candidate.idea or candidate.operator),
        f"{_said(parent[0])} before, {_said(child[0])} after",
        _drawn(space, parent[1], gone, untouched(parent[1], gone, child[1])),
        _drawn(space, child[1], come, untouched(child[1], come, parent[1])),
    )


def _accuracy(trial: Trial) -> float:
    return trial.accuracy or 0.0


def _said(trial: Trial) -> str:
    if trial.accuracy is None:
        return "not valid"
    metric = trial.evaluation.metric
    return f"{'' if metric is Metric.ACCURACY else f'{metric.words} '}{metric.shown(trial.accuracy)}"
