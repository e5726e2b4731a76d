"""A running loop in the terminal: progress, rates, what fails, the best programs, the time left.

Reads the ledger and nothing else, so it may start, stop and crash beside the loop without touching it. On a
terminal one picture is renewed; elsewhere a line is printed whenever something has changed. It ends when all
cycles are complete. It does *not* know the loop's process, only what that has written.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from corpus.novelty.threshold import fixed_threshold
from corpus.records.text import one_line
from cycles.config.run import RunConfig
from cycles.figures.quantities import duration
from cycles.figures.snapshot import Snapshot, Watcher
from cycles.figures.statistics import wilson
from cycles.run.run_directory import RunDirectory
from cycles.showing.cells import rate_cell, score_cell, threshold_heading
from cycles.showing.progress import best_words

SHOWN_CYCLES = 12
"""Cycles in the picture: the latest, so that it fits a small terminal."""


def watch(path: Path, console: Console, *, every_seconds: float = 2.0, as_json: bool = False) -> None:
    """Show the run at `path` until it is finished.

    Raises:
        UsageError: There is no run.
        LedgerError: Its ledger cannot be read.
    """
    directory = RunDirectory.open(path)
    watcher = Watcher(directory, directory.config())
    if as_json or not console.is_terminal:
        _print_changes(watcher, console, every_seconds, as_json)
        return
    with Live(console=console, auto_refresh=False) as live:
        while True:
            snapshot = watcher.look()
            live.update(picture(snapshot, watcher.config, path), refresh=True)
            if snapshot.finished:
                return
            time.sleep(every_seconds)


def _print_changes(watcher: Watcher, console: Console, every_seconds: float, as_json: bool) -> None:
    told = ""
    while True:
        snapshot = watcher.look()
        said = json_line(snapshot) if as_json else line(snapshot)
        # The time left changes at every look; only what the ledger holds is news.
        news = snapshot.state.model_dump_json()
        if news != told:
            console.print(said, soft_wrap=True, highlight=False, markup=False)
            told = news
        if snapshot.finished:
            return
        time.sleep(every_seconds)


def line(snapshot: Snapshot) -> str:
    """Return a snapshot as one line."""
    if not snapshot.cycles:
        return str(snapshot.state)
    last = snapshot.cycles[-1]
    rates = (
        f"valid {rate_cell(wilson(last.valid, last.judged))}, admitted {last.admitted}" if last.judged else ""
    )
    named = f"{best_words(snapshot.metric)} {score_cell(last.best, snapshot.metric)}"
    best = named if last.best is not None else ""
    left = _time_left(snapshot)
    parts = [str(snapshot.state), rates, best, "" if snapshot.finished or not left else f"about {left} left"]
    return "  ".join(part for part in parts if part)


def json_line(snapshot: Snapshot) -> str:
    """Return a snapshot as one JSON object."""
    last = snapshot.cycles[-1] if snapshot.cycles else None
    return json.dumps(
        {
            "event": "finished" if snapshot.finished else "progress",
            **snapshot.state.model_dump(mode="json"),
            "valid": last.valid if last else 0,
            "admitted": last.admitted if last else 0,
            "best": last.best if last else None,
            "metric": snapshot.metric,
            "seconds_left": snapshot.seconds_left,
        }
    )


def _time_left(snapshot: Snapshot) -> str:
    return "" if snapshot.seconds_left is None else duration(snapshot.seconds_left)


def picture(snapshot: Snapshot, config: RunConfig, path: Path) -> RenderableType:
    """Return a snapshot as a picture for the terminal."""
    state = snapshot.state
    judged = sum(each.judged for each in snapshot.cycles)
    head = Table.grid(padding=(0, 2))
    left = _time_left(snapshot)
    outlook = f"about {left} left" if left else "estimating the time left"
    head.add_row(
        Text(one_line(path), style="bold"),
        ProgressBar(total=state.cycles * state.candidates, completed=judged, width=30),
        Text("finished" if snapshot.finished else outlook, style="dim"),
    )
    return Group(head, Text(str(state), style="dim"), _cycle_table(snapshot, config), _best_table(snapshot))


def _cycle_table(snapshot: Snapshot, config: RunConfig) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    threshold = fixed_threshold(config.corpus, snapshot.metric)
    strong = [] if threshold is None else [threshold_heading(snapshot.metric, threshold)]
    best = best_words(snapshot.metric)
    for heading in ("cycle", "judged", "valid", *strong, "admitted", best):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("what fails most")
    for each in snapshot.cycles[-SHOWN_CYCLES:]:
        table.add_row(
            str(each.cycle),
            f"{each.judged}/{config.candidates}",
            rate_cell(wilson(each.valid, each.judged)) if each.judged else "-",
            *([rate_cell(wilson(each.strong or 0, each.judged)) if each.judged else "-"] if strong else []),
            str(each.admitted),
            score_cell(each.best, snapshot.metric),
            Text(_worst(each.statuses), no_wrap=True, overflow="ellipsis"),
        )
    return table


def _worst(statuses: Counter[str]) -> str:
    """Return the commonest failures of a cycle in words."""
    failures = [(name, count) for name, count in statuses.most_common() if name != "COMPLETE"]
    return ", ".join(f"{name.lower().replace('_', ' ')} {count}" for name, count in failures[:3])


def _best_table(snapshot: Snapshot) -> RenderableType:
    if not snapshot.best:
        return Text("No valid program yet.", style="dim")
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("best so far")
    table.add_column(snapshot.metric.words, justify="right")
    table.add_column("parameters", justify="right")
    for row in snapshot.best:
        size = row.evaluation.parameters
        table.add_row(
            Text(one_line(row.candidate.id)),
            score_cell(row.evaluation.accuracy, snapshot.metric),
            "-" if size is None else f"{size:,}",
        )
    return table
