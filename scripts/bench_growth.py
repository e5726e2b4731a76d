#!/usr/bin/env python
"""Measure how what runs again and again grows with a run: time, memory and the exponent, at several sizes.

    .venv/bin/python scripts/bench_growth.py --sizes 1000 10000 100000

For each size a run is made (`scripts/growth_run.py`): programs of the grammar by the prompts of the closed
loop, in cycles of `--cycle` candidates, the last one judged and not completed. Each operation then runs in a
process of its own: once on a run of 40 candidates, so that nothing is still to be imported, then once on the
run, timed. Columns: wall seconds, processor seconds, and the memory that the operation took at its peak,
beyond what the process held before.

The exponent between two sizes is log(ratio of processor times) / log(ratio of sizes): 1 is linear. Of tenths
of a second it says little. `--keep` keeps the runs in a folder and uses those that are there. This script
does *not* measure models, sandboxes or trainings.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from growth_run import build

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from cycles.assembly import open_loop
from cycles.config.run import load_config
from cycles.figures.cycle_report import cycle_report
from cycles.figures.metrics import add_to_metrics
from cycles.figures.snapshot import Watcher
from cycles.run.run_directory import RunDirectory
from cycles.teachers.selection import training_set

WARM = 40
"""Candidates of the run on which an operation is tried before it is timed."""


def command(*words: str) -> None:
    """Run a command of `archloop` in this process, its output thrown away."""
    from cycles.cli.app import app

    with contextlib.redirect_stdout(io.StringIO()):
        app(words, standalone_mode=False)


def resumed(run: Path) -> None:
    """Open the loop and bring its search to where it stopped."""
    with open_loop(run) as loop:
        cycle = loop.current_cycle()
        assert cycle is not None and loop.search.due(cycle) is None


def opened(run: Path) -> None:
    """Open the loop: ledger, gate and parts, and nothing of the search."""
    with open_loop(run):
        pass


def cycle_ended(run: Path) -> Callable[[], None]:
    """Return what a cycle's end does once the figures of its own programs are known: a memo has them."""
    directory = RunDirectory.open(run)
    ledger, config = LedgerWriter.open(directory.ledger_file), directory.config()
    cycle = config.cycles - 1
    before = directory.metrics_file.read_bytes()
    cycle_report(ledger, cycle, config)

    def end() -> None:
        ledger.complete_cycle(cycle)
        report = cycle_report(ledger, cycle, config)
        add_to_metrics(report, ledger, config, directory.metrics_file)
        directory.metrics_file.write_bytes(before)

    return end


def watcher(run: Path) -> Watcher:
    """Return who has not looked at a run yet."""
    directory = RunDirectory.open(run)
    return Watcher(directory, directory.config())


def refreshed(run: Path) -> Callable[[], object]:
    """Return the second look of a watcher."""
    watching = watcher(run)
    watching.look()
    return watching.look


def lesson(run: Path) -> None:
    """Choose who teaches the cycle after the last one, as the preset's loop does at the start of a cycle."""
    directory = RunDirectory.open(run)
    with Ledger.open(directory.ledger_file) as ledger:
        training_set(ledger, load_config("cpu-tiny").teaching, range(directory.config().cycles), seed=0)


OPERATIONS: dict[str, Callable[[Path], Callable[[], object]]] = {
    "cycle end": cycle_ended,
    "status": lambda run: lambda: command("status", str(run)),
    "watch, first look": lambda run: watcher(run).look,
    "watch refresh": refreshed,
    "report": lambda run: lambda: command("report", str(run)),
    "corpus search": lambda run: lambda: command("corpus", "search", str(run), "--min-accuracy", "0.5"),
    "corpus search, text": lambda run: lambda: command("corpus", "search", str(run), "AdaptiveAvgPool"),
    "open": lambda run: lambda: opened(run),
    "resume": lambda run: lambda: resumed(run),
    "lesson": lambda run: lambda: lesson(run),
    "corpus stats": lambda run: lambda: command("corpus", "stats", str(run)),
    "export": lambda run: lambda: command("export", str(run), str(run / "exported"), "--force"),
}
"""By name: what prepares the operation on a run, and returns the operation."""


def timed(name: str, run: Path, warm: Path) -> dict[str, float]:
    """Return seconds and peak memory of one operation, in this process; the run stays as it is."""
    OPERATIONS[name](warm)()
    act = OPERATIONS[name](run)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew: proc(5)
    wall, processor = time.perf_counter(), time.process_time()
    act()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return {"wall": wall, "processor": processor, "bytes": resident("VmHWM") - before}


def resident(field: str) -> int:
    """Return the resident memory of this process in bytes: VmRSS now, VmHWM at its peak."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(field))) * 1024


def measured(name: str, run: Path, warm: Path) -> dict[str, float]:
    """Measure one operation in a process of its own, on a copy where it would change the run."""
    with tempfile.TemporaryDirectory(dir=run.parent) as folder:
        copies = [Path(folder, name) for name in ("run", "warm")]
        for each, copy in zip((run, warm), copies, strict=True):
            shutil.copytree(each, copy)
        words = [sys.executable, __file__, "--one", name, *map(str, copies)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        page = copies[0] / "report.html"
        return found | ({"page": page.stat().st_size} if page.exists() else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000], help="candidates")
    parser.add_argument("--cycle", type=int, default=500, help="candidates of a cycle (500)")
    parser.add_argument("--only", nargs="+", choices=OPERATIONS, default=list(OPERATIONS), metavar="NAME")
    parser.add_argument("--keep", type=Path, help="a folder for the runs")
    parser.add_argument("--one", nargs=3, metavar=("NAME", "RUN", "WARM"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, run, warm = arguments.one
        print(json.dumps(timed(name, Path(run), Path(warm))))
        return
    with contextlib.ExitStack() as stack:
        home = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="growth-")))
        home.mkdir(exist_ok=True)
        for size in (WARM, *arguments.sizes):
            if not (home / str(size)).exists():
                started = time.perf_counter()
                build(home / str(size), size, min(arguments.cycle, size // 2))
                print(f"built {size:,} candidates in {time.perf_counter() - started:.0f} s", flush=True)
        show(home, arguments.sizes, arguments.only)


def show(home: Path, sizes: Sequence[int], names: Sequence[str]) -> None:
    """Print a line for each operation: seconds and peak memory at each size, and the exponents between."""
    heads = [f"{size:,}".rjust(27) for size in sizes]
    print("operation".ljust(19), *heads, "exponents", sep="  ")
    for name in names:
        found = [measured(name, home / str(size), home / str(WARM)) for size in sizes]
        cells = [
            f"{each['wall']:8.2f} {each['processor']:8.2f} {each['bytes'] / 1e6:6,.0f} MB" for each in found
        ]
        exponents = [
            f"{math.log(more['processor'] / less['processor']) / math.log(larger / smaller):.2f}"
            for less, more, smaller, larger in zip(found, found[1:], sizes, sizes[1:], strict=False)
        ]
        pages = [f"{each['page'] / 1e6:.2f}" for each in found if "page" in each]
        said = f"   page {', '.join(pages)} MB" if pages else ""
        print(
            name.ljust(19),
            *(cell.rjust(27) for cell in cells),
            f"{', '.join(exponents)}{said}",
            sep="  ",
            flush=True,
        )


if __name__ == "__main__":
    main()
