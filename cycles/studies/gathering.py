"""The figures of a study as far as it is, and of finished runs given one by one.

This module does *not* compute figures (`cycles.figures.studies.searches` and `pairs` do) and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from corpus.ledger.reader import Ledger
from corpus.records.mistakes import command_line
from cycles.config.arms import arm_of, in_order
from cycles.config.study import RetestConfig, Study
from cycles.errors import UsageError
from cycles.figures.measure import require_one_metric
from cycles.figures.status import run_status
from cycles.figures.studies.pairs import StudyFigures, compare_arms
from cycles.figures.studies.retests import Retests
from cycles.figures.studies.searches import SearchFigures, read_search
from cycles.run.run_directory import RunDirectory


def _unheard(_run: str) -> None:
    """Tell nobody."""


def finished(path: Path, plan: RetestConfig | None) -> bool:
    """Return whether a run is there that has nothing left to do and, where a plan is given, all its re-tests.

    A run that its budget ended has nothing left to do.
    """
    directory = RunDirectory(path)
    if not (directory.config_file.is_file() and directory.ledger_file.is_file()):
        return False
    config = directory.config()
    with Ledger.open(directory.ledger_file) as ledger:
        if not run_status(ledger, config).finished:
            return False
        return plan is None or not Retests.of(ledger, config).due(plan)


def gather_study(study: Study, out: Path, read: Callable[[str], None] = _unheard) -> StudyFigures:
    """Return the figures of a study's finished runs, with a remark on those that are missing.

    Args:
        study: The study.
        out: Its directory.
        read: Is told of each run that was looked at, in words.
    """
    plan = study.config.retest
    arms: dict[str, list[SearchFigures]] = {arm: [] for arm in study.config.arms}
    missing = []
    for cell in study.cells:
        path = out / cell.place
        found = None
        if finished(path, plan):
            found = read_search(path, plan, arm=cell.arm, name=cell.place)
        if found is None:
            missing.append(cell.words)
        else:
            arms[cell.arm].append(found)
        read(cell.words)
    remarks = [f"Not finished, and so left out: {'; '.join(missing)}."] if missing else []
    return compare_arms(study.title, arms, remarks)


def gather_runs(paths: Sequence[Path], read: Callable[[str], None] = _unheard) -> StudyFigures:
    """Return the figures of finished runs, grouped to arms by their configuration.

    Args:
        paths: The runs.
        read: Is told of each run that was looked at.

    Raises:
        UsageError: One is no run or is not finished, two of one arm have the same seed, or they are judged by
            different metrics.
        LedgerError: A ledger cannot be read.
    """
    names, metrics = {}, {}
    arms: dict[str, list[SearchFigures]] = {}
    for path in paths:
        names[arm_of(RunDirectory.open(path).config())] = path
        found = read_search(path) if finished(path, None) else None
        if found is None:
            remedy = command_line("archloop", "resume", path)
            raise UsageError(f"{path}: the run is not finished. Go on with it: {remedy}")
        metrics[str(path)] = found.metric
        require_one_metric(metrics)
        others = arms.setdefault(found.arm, [])
        if any(other.seed == found.seed for other in others):
            raise UsageError(
                f"{path}: another run of the arm '{found.arm}' has seed {found.seed} too. Name one of them."
            )
        others.append(found)
        read(str(path))
    ordered = {arm.words: sorted(arms[arm.words], key=lambda run: run.seed) for arm in in_order(set(names))}
    return compare_arms(f"{len(paths)} runs", ordered)
