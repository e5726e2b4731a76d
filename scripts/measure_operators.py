#!/usr/bin/env python
"""Say what came of each kind of step of finished runs: programs written anew, edits, continuations, repairs.

    .venv/bin/python scripts/measure_operators.py runs/edits-digits/continuations-and-repairs-?

For each operator, over all runs together: its attempts, the share that is valid with a 95% Wilson interval,
and the mean validation score of the valid; of those with a parent in their run, the share that is valid and
has a higher score than the parent, where it is valid too. Then, of the SHAPE_ERROR programs that were sent
back, the share that was mended: a repair of it is valid, or a repair of that repair. It reads ledgers and
*runs* nothing.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from corpus.ledger.reader import Ledger
from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.trials import Trial
from cycles.figures.statistics import wilson

REPAIR = "repair"


def main() -> None:
    """Read the arguments and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs")
    runs = [trials_of(run) for run in parser.parse_args().runs]
    steps, helped = defaultdict[str, list[Trial]](list), defaultdict[str, list[bool]](list)
    for trial in (each for run in runs for each in run):
        steps[operator_of(trial)].append(trial)
    for operator, better in (each for run in runs for each in improvements(run)):
        helped[operator].append(better)
    for operator, trials in sorted(steps.items()):
        scores = [each.accuracy for each in trials if each.accuracy is not None]
        mean = f", mean of these {sum(scores) / len(scores):.3f}" if scores else ""
        above = helped[operator]
        words = f"; better than the parent {wilson(sum(above), len(above)).words}" if above else ""
        print(f"{operator:<14} valid {wilson(len(scores), len(trials)).words}{mean}{words}")
    if all_above := [better for each in helped.values() for better in each]:
        print(f"all together   better than the parent {wilson(sum(all_above), len(all_above)).words}")
    mended = [verdict for run in runs for verdict in mendings(run)]
    if mended:
        print(f"SHAPE_ERROR    mended {wilson(sum(mended), len(mended)).words}")


def trials_of(run: Path) -> list[Trial]:
    """Return the trials of all completed cycles of a run."""
    with Ledger.open(run / "corpus.db") as ledger:
        return [trial for cycle in ledger.completed_cycles() for trial in ledger.judged(cycle)]


def operator_of(trial: Trial) -> str:
    """Return by what step a trial's program came about."""
    return trial.candidate.operator or "none noted"


def improvements(trials: Sequence[Trial]) -> list[tuple[str, bool]]:
    """Return, for each trial of a run whose first parent is in the run, its step and whether it is better."""
    scores = {trial.candidate.id: trial.accuracy for trial in trials}
    found = []
    for trial in trials:
        parent = next(iter(trial.candidate.parents), None)
        if parent in scores:
            before, after = scores[parent], trial.accuracy
            found.append((operator_of(trial), after is not None and (before is None or after > before)))
    return found


def mendings(trials: Sequence[Trial]) -> list[bool]:
    """Return, for each SHAPE_ERROR that is no repair and was sent back, whether it was mended."""
    repairs = defaultdict[str, list[Trial]](list)
    for trial in trials:
        if trial.candidate.operator == REPAIR:
            repairs[trial.candidate.parents[0]].append(trial)

    def mended(failed: Trial) -> bool:
        return any(each.accuracy is not None or mended(each) for each in repairs[failed.candidate.id])

    return [
        mended(trial)
        for trial in trials
        if trial.evaluation.status is EvaluationStatus.SHAPE_ERROR
        and trial.candidate.operator != REPAIR
        and repairs[trial.candidate.id]
    ]


if __name__ == "__main__":
    main()
