#!/usr/bin/env python
"""Soak the evaluator: thousands of programs through one of it, and what is left behind after each thousand.

    .venv/bin/python scripts/soak_evaluator.py --candidates 5000

The 50 shortest of 200 programs of the grammar, a quarter of them broken as a model breaks them, are judged
over and over by one `SandboxedEvaluator`, on few training images, so that a program takes a fraction of a
second. Between thousands nothing is being judged, and a line is printed:

    supervisor, zygotes   resident memory of this process, and of all that descend from it together
    descriptors           open files of this process, and of its descendants together
    processes, threads    descendants of this process, and threads of this process
    scratch, /dev/shm     files and folders in the evaluator's scratch directory, and in /dev/shm

The last lines compare the last state with the one after the first thousand. It does *not* judge the programs'
accuracies, and does not look into the children, which end with their program.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench_programs import break_share
from measure_protocol import grammar_candidates

from corpus.records.candidates import Candidate
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator

DRAWN, PROGRAMS = 200, 50
BROKEN = 0.25
MEMORY_BYTES = 20_000_000
"""How much the resident memory may differ and be called flat: what an allocator keeps, by our choice."""


class State(NamedTuple):
    """What there is of everything while nothing is judged."""

    supervisor_bytes: int
    zygote_bytes: int
    descriptors: int
    zygote_descriptors: int
    processes: int
    threads: int
    scratch: int
    shared_memory: int

    def __str__(self) -> str:
        return (
            f"{self.supervisor_bytes / 1e6:7.1f} MB {self.zygote_bytes / 1e6:9.1f} MB"
            f" {self.descriptors:6} {self.zygote_descriptors:6} {self.processes:10} {self.threads:8}"
            f" {self.scratch:8} {self.shared_memory:9}"
        )


HEADS = "   after  supervisor     zygotes  descriptors    processes  threads  scratch  /dev/shm"


def main() -> None:
    """Read the arguments, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--candidates", type=int, default=5_000, help="programs in all (5000)")
    parser.add_argument("--every", type=int, default=1_000, help="programs between two lines (1000)")
    arguments = parser.parse_args()
    config = EvaluatorConfig(task="digits", train_images=64)
    drawn = grammar_candidates(config, DRAWN, grammar_seed=0)
    shortest = sorted(drawn, key=lambda each: len(each.source or ""))[:PROGRAMS]
    endless = numbered(break_share(shortest, BROKEN))
    states: list[State] = []
    statuses: Counter[str] = Counter()
    started = time.monotonic()
    with SandboxedEvaluator(config) as evaluator:
        print(f"{evaluator.isolation}; {config.workers} programs at a time\n{HEADS}")
        print(f"{0:8,}  {state(evaluator)}", flush=True)
        for done in range(0, arguments.candidates, arguments.every):
            batch = itertools.islice(endless, min(arguments.every, arguments.candidates - done))
            statuses.update(each.status.value for each in evaluator.evaluate(batch))
            states.append(state(evaluator))
            print(f"{statuses.total():8,}  {states[-1]}", flush=True)
    seconds = time.monotonic() - started
    print(f"{seconds:.0f} s, {seconds / statuses.total() * 1e3:.0f} ms a program; ", end="")
    print(", ".join(f"{name} {count}" for name, count in statuses.most_common()))
    for name, first, last in zip(State._fields, states[0], states[-1], strict=True):
        slack = MEMORY_BYTES if name.endswith("bytes") else 0
        print(f"{name:20} {'flat' if last <= first + slack else 'GROWS'}: {first:,} then {last:,}")


def numbered(programs: list[Candidate]) -> Iterator[Candidate]:
    """Yield the programs over and over, each time under another id."""
    for number, program in enumerate(itertools.cycle(programs)):
        yield program.model_copy(update={"id": f"{number:06d}"})


def state(evaluator: SandboxedEvaluator) -> State:
    """Return what there is now of everything."""
    below = descendants(os.getpid())
    shared = Path("/dev/shm")
    return State(
        supervisor_bytes=resident(os.getpid()),
        zygote_bytes=sum(map(resident, below)),
        descriptors=descriptors(os.getpid()),
        zygote_descriptors=sum(map(descriptors, below)),
        processes=len(below),
        threads=sum(1 for _ in Path("/proc/self/task").iterdir()),
        scratch=sum(1 for _ in evaluator._scratch.path.rglob("*")),
        shared_memory=sum(1 for _ in shared.rglob("*")) if shared.is_dir() else 0,
    )


def descendants(process: int) -> list[int]:
    """Return the processes that descend from one, by the kernel's own lists."""
    found: list[int] = []
    waiting = [process]
    while waiting:
        above = waiting.pop()
        for task in Path(f"/proc/{above}/task").iterdir():
            children = [int(word) for word in (task / "children").read_text(encoding="ascii").split()]
            found += children
            waiting += children
    return found


def resident(process: int) -> int:
    """Return the resident memory of a process in bytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def descriptors(process: int) -> int:
    """Return how many files a process has open."""
    return sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())


if __name__ == "__main__":
    main()
