#!/usr/bin/env python
"""Measure how far stages overlap: a cycle's wall time over its slowest stage's; and the loop's own cost.

    .venv/bin/python scripts/bench_pipeline.py             # simulated stages, and the overhead: ten minutes
    .venv/bin/python scripts/bench_pipeline.py --real      # the real sampler, sandbox and trainer, small
    .venv/bin/python scripts/bench_pipeline.py --run RUN   # what a finished run's ledger says

Simulated: the real loop, search, writer, judge, teacher, pool of workers and ledger over stand-ins that
sleep. `serial` writes a whole batch before it judges, `streamed` judges while it writes, `late` also trains
beside that (teaching.late). A cycle's wall time is the least of those that an adapter writes and that another
follows. The slowest stage is what its sleep takes alone; in a real cycle, what the ledger says that it took,
at the same time and so under the same load. The overhead is what a candidate takes where no stage sleeps, the
stand-ins' own work and the cycle's report included, in the quickest cycle, as a share of a judgement of 1 s.
Whatever else runs on the machine adds to all of it: the last line says how much that was.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus.ledger.reader import Ledger
from cycles.assembly import open_loop, start_run
from cycles.config.run import load_config
from cycles.loop import Loop
from tests.pipelines import Pace, simulated

SCENES = {
    "judging slowest": Pace(write=0.1, judge=0.5, train=3.0),
    "writing slowest": Pace(write=0.25, judge=0.2, train=3.0),
    "all alike": Pace(write=0.25, judge=0.5, train=10.0),
}
CANDIDATES, BATCH, CYCLES, WORKERS = 40, 2, 5, 2
MEASURED = 2
"""The first cycle that an adapter writes in every mode. The last is not measured: none is trained for."""
MODES = {"serial": [], "streamed": [], "late": ["teaching.late=true"]}
OVERHEAD_CANDIDATES, OVERHEAD_BATCH = 120, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--real", action="store_true", help="a small run of cpu-tiny, with all its parts")
    parser.add_argument("--mode", choices=MODES, action="append", help="simulate this mode alone")
    parser.add_argument("--run", type=Path, help="print the stages of this run, and nothing else")
    arguments = parser.parse_args()
    if arguments.run is not None:
        show_run(arguments.run)
        return
    if arguments.real:
        show_real()
    else:
        show_simulated(arguments.mode or MODES)
        show_overhead()
    load = os.getloadavg()[2]
    print(f"\nload of the machine, on {os.cpu_count()} processors: {load:.1f} in the last 15 minutes")


def show_simulated(modes: Iterable[str]) -> None:
    """Print cycle over slowest stage for each scene, stages in turn and side by side."""
    print(f"simulated: {CANDIDATES} candidates a cycle in batches of {BATCH}, {WORKERS} workers; seconds")
    print(
        f"{'scene':17} {'write':>6} {'judge':>6} {'train':>6} {'mode':>9} {'cycle':>7} {'over slowest':>13}"
    )
    for scene, pace in SCENES.items():
        stages = (CANDIDATES * pace.write, CANDIDATES * pace.judge / WORKERS, pace.train)
        for mode in modes:
            with tempfile.TemporaryDirectory(prefix="archloop-pipeline-") as home:
                config = load_config("cpu-tiny", [*_sizes(CYCLES, CANDIDATES, BATCH), *MODES[mode]])
                paced = pace._replace(workers=WORKERS)
                with simulated(Path(home, "run"), config, paced, serial=mode == "serial") as loop:
                    wall = min(cycle_seconds(loop)[MEASURED:-1])
            told = " ".join(f"{each:6.2f}" for each in stages)
            print(f"{scene:17} {told} {mode:>9} {wall:7.2f} {wall / max(stages):13.2f}", flush=True)


def show_overhead() -> None:
    """Print what a candidate takes where no stage does."""
    count = OVERHEAD_CANDIDATES
    print(f"\noverhead: {CYCLES} cycles of {count} candidates, no stage sleeps")
    for mode, by_batch in (("serial", True), ("streamed", True), ("streamed one by one", False)):
        with tempfile.TemporaryDirectory(prefix="archloop-pipeline-") as home:
            config = load_config("cpu-tiny", _sizes(CYCLES, count, OVERHEAD_BATCH))
            with simulated(Path(home, "run"), config, serial=mode == "serial", by_batch=by_batch) as loop:
                began = time.process_time()
                wall = min(cycle_seconds(loop)) / count
                processor = (time.process_time() - began) / CYCLES / count
                began = time.process_time()
                if (lesson := loop.teacher.lesson(CYCLES)) is not None:
                    loop.teacher.job(lesson, lambda *_: None)
                rows = time.process_time() - began
        print(
            f"{mode:20} {1000 * wall:5.1f} ms of wall time a candidate, {1000 * processor:.1f} ms of "
            f"processor time: {wall:.1%} and {processor:.1%} of a judgement of 1 s",
            flush=True,
        )
    print(f"rows of the fine-tuning after {CYCLES * count} candidates: {rows:.2f} s of processor time")


def show_real() -> None:
    """Print the same of a small real run, and whether serial and streamed wrote and admitted the same."""
    sizes = _sizes(MEASURED + 2, 16, 4)
    print(f"real: cpu-tiny, 16 candidates a cycle in batches of 4, cycle {MEASURED}; seconds")
    print(f"{'write':>6} {'judge':>6} {'train':>6} {'mode':>9} {'cycle':>7} {'over slowest':>13}")
    rows = {}
    for mode, settings in MODES.items():
        with tempfile.TemporaryDirectory(prefix="archloop-pipeline-") as home:
            run = start_run(Path(home, "run"), load_config("cpu-tiny", [*sizes, *settings]))
            with redirect_stdout(StringIO()), open_loop(run.path, as_json=True) as loop:
                if mode == "serial":
                    loop.writer.streams = lambda _proposals: False
                wall = cycle_seconds(loop)[MEASURED]
                stages = busy_seconds(loop, trained=MEASURED + (mode == "late"))
                judged = [trial for cycle in range(MEASURED + 1) for trial in loop.ledger.judged(cycle)]
        told = " ".join(f"{each:6.1f}" for each in stages)
        print(f"{told} {mode:>9} {wall:7.1f} {wall / max(stages):13.2f}", flush=True)
        rows[mode] = [
            (trial.candidate.completion, trial.evaluation.accuracy, trial.admission.reason)
            for trial in judged
        ]
    print(f"serial and streamed wrote, judged and admitted the same: {rows['serial'] == rows['streamed']}")


def busy_seconds(loop: Loop, trained: int) -> tuple[float, float, float]:
    """Return what the stages of the measured cycle took, each by itself; of trainings that of `trained`."""
    evaluations = loop.ledger.evaluations(cycle=MEASURED)
    workers = min(loop.config.evaluator.workers, os.cpu_count() or 1)
    judging = sum(each.wall_seconds for each in evaluations) / workers
    training = loop.ledger.training(trained)
    writing = loop.ledger.stage_seconds(MEASURED)["generate"]
    return writing, judging, 0.0 if training is None else training.seconds


def show_run(path: Path) -> None:
    """Print each cycle's stages by a run's ledger, and their sum over the slowest."""
    print(f"{'cycle':>5} {'train':>8} {'generate':>9} {'judge':>8} {'sum':>8} {'over slowest':>13}")
    with Ledger.open(path / "corpus.db") as ledger:
        for cycle in ledger.completed_cycles():
            stages = ledger.stage_seconds(cycle)
            told = [stages.get(name, 0.0) for name in ("train", "generate", "judge")]
            each = f"{told[0]:8.1f} {told[1]:9.1f} {told[2]:8.1f} {sum(told):8.1f}"
            print(f"{cycle:5} {each} {sum(told) / max(told):13.2f}")


def cycle_seconds(loop: Loop) -> list[float]:
    """Run all cycles of a run and return their wall times."""
    return [_timed(lambda cycle=cycle: loop.run_cycle(cycle)) for cycle in range(loop.config.cycles)]


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _sizes(cycles: int, candidates: int, batch: int) -> list[str]:
    counts = [f"cycles={cycles}", f"candidates={candidates}", f"generator.batch_size={batch}"]
    return [*counts, "finetune.min_examples=1"]


if __name__ == "__main__":
    main()
