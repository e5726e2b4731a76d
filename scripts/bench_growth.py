#!/usr/bin/env python
"""Measure how what runs again and again grows with a run: time, memory and the exponent, at several sizes.

    .venv/bin/python scripts/bench_growth.py --sizes 1000 10000 100000

For each size a run is made through the real search and ledger: programs of the grammar by the prompts of the
closed loop, in cycles of `--cycle` candidates, the last one judged and not completed. Made up are the
judgements (56% valid, 12% admitted, up to 2,000 networks), and most of metrics.jsonl. Each
operation then runs in a process of its own: once on a run of 40 candidates, so that nothing is still to be
imported, then once on the run, timed. Columns: wall seconds, processor seconds, and the memory that the
operation took at its peak, beyond what the process held before.

The exponent between two sizes is log(ratio of processor times) / log(ratio of sizes): 1 is linear. Of tenths
of a second it says little. `--keep` keeps the runs in a folder and uses those that are there. This script does
*not* measure models, sandboxes or trainings.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import AdmissionGate
from corpus.programs.structure import structure_of
from corpus.records.admissions import Admission, AdmissionReason
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.graphs import GraphNode, NetworkGraph
from corpus.records.prompts import FinishReason, Prompt
from corpus.records.search.proposals import DecidedBy, Decision
from corpus.records.search.trials import Trial
from corpus.records.tasks.shape import TaskShape
from corpus.records.trainings import CycleStage
from cycles.assembly import open_loop, start_run
from cycles.config.run import RunConfig, load_config
from cycles.figures.cycle_report import cycle_report
from cycles.figures.metrics import add_to_metrics, write_metrics
from cycles.figures.snapshot import Watcher
from cycles.run.run_directory import RunDirectory
from cycles.search import Search
from cycles.writing import candidate_id
from generator.grammar import sample_program

PROTOCOL = "digits-v1/e1/b16/s0/made-up"
WARM = 40
"""Candidates of the run on which an operation is tried before it is timed."""


SHAPE = TaskShape(channels=1, height=12, width=12, classes=10)
NETWORKS = 2_000
"""Different networks of a run, at most."""


def answered(prompt: Prompt, cycle: int, index: int) -> Candidate:
    """Return the candidate that answers a prompt: a program of the grammar, by the prompt's seed."""
    text = sample_program(random.Random(prompt.seed), SHAPE).source
    return Candidate(
        id=candidate_id(cycle, index),
        origin=Origin.SAMPLED,
        source=text,
        completion=text,
        finish_reason=FinishReason.STOP,
        token_count=len(text) // 4,
        prompt_id=prompt.id,
        cycle=cycle,
        index=index,
        generator="grammar",
        operator="ask",
        decisions=(Decision(what="program", by=DecidedBy.MODEL),),
    )


def network(number: int) -> NetworkGraph:
    """Return one of as many networks as there are numbers: a chain of 12 convolutions, 37 nodes in all."""
    nodes = [GraphNode(op="input", shape=(-1, 1, 12, 12))]
    for layer in range(12):
        width = 8 + (number >> layer) % 57
        last = len(nodes) - 1
        nodes.append(GraphNode(op="parameter", shape=(width, 8, 3, 3)))
        nodes.append(
            GraphNode(
                op="convolution",
                attributes="padding=1,1 stride=1,1",
                inputs=(last, last + 1),
                shape=(-1, width, 12, 12),
            )
        )
        nodes.append(GraphNode(op="relu", inputs=(last + 2,), shape=(-1, number + 1, width, 12)))
    return NetworkGraph(nodes=tuple(nodes))


def judgement(candidate: Candidate, known_networks: dict[int, str]) -> tuple[Evaluation, Admission]:
    """Return a made-up judgement, by the candidate's id.

    Args:
        candidate: The candidate.
        known_networks: The ids of the networks that the ledger has, by number; brought up to date.
    """
    chance = random.Random(candidate.id)
    known: dict[str, Any] = {
        "candidate_id": candidate.id,
        "protocol_id": PROTOCOL,
        "wall_seconds": chance.uniform(0.2, 2.0),
        "cpu_seconds": chance.uniform(0.2, 2.0),
        "parameters": chance.randrange(1_000, 200_000),
        "peak_memory_bytes": 300_000_000,
    }
    if chance.random() > 0.56:
        status = chance.choice([EvaluationStatus.SHAPE_ERROR, EvaluationStatus.BELOW_CHANCE])
        said = f"line {chance.randrange(60)}: shapes ({chance.randrange(512)}x384 and 96x10) do not fit"
        failed = Evaluation(
            **known, status=status, stage=Stage.FORWARD, error_type="RuntimeError", error=said
        )
        return failed, Admission(candidate_id=candidate.id, admitted=False, reason=AdmissionReason.INVALID)
    accuracy = min(1.0, max(0.13, chance.gauss(0.3, 0.15)))
    number = chance.randrange(NETWORKS)
    graph = None if number in known_networks else network(number)
    if graph is not None:
        known_networks[number] = structure_of(graph).exact
    losses = tuple(chance.uniform(0.5, 2.3) for _ in range(16))
    evaluation = Evaluation(
        **known,
        status=EvaluationStatus.COMPLETE,
        stage=Stage.DONE,
        accuracy=accuracy,
        losses=losses,
        flops=chance.randrange(10**6),
        passes=1.0,
        kept_bytes=0,
        graph=graph,
        structure=known_networks[number],
    )
    admitted = accuracy >= 0.4 and chance.random() < 0.85
    reason = AdmissionReason.ADMITTED if admitted else AdmissionReason.BELOW_THRESHOLD
    jaccard = chance.uniform(0.3, 0.89)
    near = "seed/0000"
    return evaluation, Admission(
        candidate_id=candidate.id, admitted=admitted, reason=reason, nearest_id=near, jaccard=jaccard
    )


def build(path: Path, candidates: int, cycle: int) -> None:
    """Make a run of so many candidates at `path`."""
    cycles = max(1, candidates // cycle)
    size = [f"cycles={cycles}", f"candidates={candidates // cycles}"]
    config = load_config("cpu-tiny", [*size, "teaching.by=nobody"])
    start_run(path, config)
    with open_loop(path) as loop:
        loop.ledger._connection.execute("PRAGMA synchronous = OFF")  # nobody is to rely on this ledger
        networks: dict[int, str] = {}
        for number in range(cycles):
            fill(loop.ledger, loop.search, number, networks)
            for stage in (CycleStage.GENERATE, CycleStage.JUDGE):
                loop.ledger.record_stage(number, stage, 60.0)
            if number < cycles - 1:
                loop.ledger.complete_cycle(number)
        loop.ledger._connection.execute("PRAGMA synchronous = FULL")
        AdmissionGate.from_ledger(loop.ledger, config.corpus)  # the shingle cache, as a run leaves it
        write_metrics(list(reports(loop.ledger, config)), loop.directory.metrics_file)


def fill(ledger: LedgerWriter, search: Search, cycle: int, networks: dict[int, str]) -> None:
    """Write and judge one cycle, as the loop does."""
    while (batch := search.due(cycle)) is not None:
        prompts = {index: each.program for index, each in batch.unwritten.items()}
        ledger.add_candidates(
            [answered(each, cycle, index) for index, each in prompts.items() if isinstance(each, Prompt)]
        )
        for candidate in ledger.unevaluated(cycle):
            evaluation, admission = judgement(candidate, networks)
            ledger.add_judgement(evaluation, admission)
            search.hear(Trial(candidate, evaluation, admission))


def reports(ledger: Ledger, config: RunConfig) -> Iterator[Any]:
    """Yield a report of each complete cycle: its own counts, the figures of the first one's programs."""
    first = None
    for cycle in ledger.completed_cycles():
        if first is None:
            first = cycle_report(ledger, cycle, config)
        judged = ledger.judged(cycle)
        yield first.model_copy(
            update={
                "cycle": cycle,
                "statuses": dict(sorted(Counter(row.evaluation.status for row in judged).items())),
                "reasons": dict(sorted(Counter(row.admission.reason for row in judged).items())),
            }
        )


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


def refreshed(run: Path) -> Callable[[], None]:
    """Return the second look of a watcher."""
    directory = RunDirectory.open(run)
    watcher = Watcher(directory, directory.config())
    watcher.look()
    return lambda: watcher.look() and None


OPERATIONS: dict[str, Callable[[Path], Callable[[], None]]] = {
    "cycle end": cycle_ended,
    "status": lambda run: lambda: command("status", str(run)),
    "watch, first look": lambda run: (
        lambda: Watcher(RunDirectory.open(run), RunDirectory.open(run).config()).look() and None
    ),
    "watch refresh": refreshed,
    "report": lambda run: lambda: command("report", str(run)),
    "corpus search": lambda run: lambda: command("corpus", "search", str(run), "--min-accuracy", "0.5"),
    "corpus search, text": lambda run: lambda: command("corpus", "search", str(run), "AdaptiveAvgPool"),
    "open": lambda run: lambda: opened(run),
    "resume": lambda run: lambda: resumed(run),
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
        copies = [Path(folder, each.name) for each in (run, warm)]
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
