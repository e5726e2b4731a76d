#!/usr/bin/env python
"""Measure how long a search takes to resume: the replay of many trials, beside the work that it spares.

    .venv/bin/python scripts/bench_replay.py --trials 10000

Each strategy is run over a ledger whose trials are judged by a stand-in (the hash of the program's text), so
that thousands are there in a minute; then the ledger is opened anew and the search brought to where it was.
`ratio` is the time of the first run over that of the replay, both without a model and without training.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus.ledger.writer import LedgerWriter
from cycles.config.run import load_config
from tests.searches import Arena

ARMS = {
    "closed-loop": [],
    "random over the grammar": ["strategy.name=random", "teaching.by=nobody"],
    "evolution over cells": [
        *("strategy.name=evolution", "teaching.by=nobody"),
        *("strategy.space=cells", "corpus.novelty=key"),
    ],
    "evolution over the grammar": ["strategy.name=evolution", "teaching.by=nobody"],
}
CYCLES = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=2_000, help="trials of each search (2000)")
    arguments = parser.parse_args()
    print(f"{'search':28} {'trials':>7} {'first run':>10} {'replay':>9} {'ratio':>6}")
    for name, settings in ARMS.items():
        first, replay = measure(settings, arguments.trials)
        print(f"{name:28} {arguments.trials:7,} {first:8.1f} s {replay:7.2f} s {first / replay:6.1f}")


def measure(settings: list[str], trials: int) -> tuple[float, float]:
    """Return the seconds of a first run of so many trials, and those of bringing it back."""
    size = [f"cycles={CYCLES}", f"candidates={trials // CYCLES}", "corpus.seed_programs=0"]
    config = load_config("cpu-tiny", [*size, *settings])
    with tempfile.TemporaryDirectory(prefix="archloop-replay-") as home:
        path = Path(home, "corpus.db")
        started = time.monotonic()
        with LedgerWriter.create(path) as ledger:
            Arena(ledger, config).run()
        first = time.monotonic() - started
        with LedgerWriter.open(path) as ledger:
            arena = Arena(ledger, config)
            started = time.monotonic()
            if arena.search.due(CYCLES - 1) is not None:
                raise RuntimeError("the replay did not come to the end")
            return first, time.monotonic() - started


if __name__ == "__main__":
    main()
