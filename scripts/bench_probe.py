#!/usr/bin/env python
"""Measure what a probe of a small network costs beside its full evaluation, program by program in turn.

    .venv/bin/python scripts/bench_probe.py --programs 12 --rounds 3

For each program it prints the median wall time and processor time of its probe and of its evaluation, in one
warm pool with one worker, and for all of them the ratios with 95% bootstrap intervals over the programs. Then
it probes all programs with one worker and with `--workers`, block by block in turn. Wall times hold for an
idle machine, which is why the load stands beside them; the ratios and processor times bear some load.

It does *not* measure how much a search saves by probing: that depends on what it throws away.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bench_programs import valid_programs
from bench_ratios import Ratio

from corpus.records.candidates import Candidate
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import Task, load_task

BAR_MILLISECONDS = 60.0
"""What a probe of a small network may cost, wall time on an idle machine."""

_COLUMNS = ("probe_wall", "evaluation_wall", "probe_cpu", "evaluation_cpu")
_TITLES = ("evaluation", "probe, cpu", "eval., cpu", "ratio, cpu")


def main() -> None:
    """Read the arguments, take the measurements, print them."""
    arguments = _arguments()
    config = EvaluatorConfig(task=arguments.task, workers=arguments.workers)
    task = load_task(config.task, task_seed=config.task_seed)
    programs = valid_programs(config, arguments.programs)
    figures: dict[str, Any] = {"load": os.getloadavg()[0], "cores": len(os.sched_getaffinity(0))}
    figures["programs"] = measure(config, task, programs, arguments.rounds)
    if not arguments.json:
        print(_table(figures), flush=True)
    figures["side_by_side"] = side = measure_workers(config, task, programs, arguments.rounds)
    if arguments.json:
        print(json.dumps(figures))
    else:
        one, several = f"{side['one']:.1f} ms a program with one worker", f"{side['several']:.1f} ms"
        print(f"all at once: {one}, {several} with {config.workers}")


def measure(
    config: EvaluatorConfig, task: Task, programs: Sequence[Candidate], rounds: int
) -> list[dict[str, Any]]:
    """Probe and evaluate each program in turn, `rounds` times, and return the medians in milliseconds."""
    rows = []
    with SandboxedEvaluator(config.model_copy(update={"workers": 1}), task=task) as evaluator:
        _once(evaluator, programs[0])  # the first time is not counted
        for program in programs:
            table = np.array([_once(evaluator, program) for _ in range(rounds)])  # (rounds, 4)
            rows.append({"program": program.id, **dict(zip(_COLUMNS, np.median(table, axis=0), strict=True))})
    return rows


def _once(evaluator: SandboxedEvaluator, program: Candidate) -> tuple[float, float, float, float]:
    """Return the milliseconds of a probe and of an evaluation, by the clock and of the processor."""
    assert program.source is not None
    source = program.source
    probe_wall, (probe,) = _timed(lambda: evaluator.probe([source]))
    evaluation_wall, (evaluation,) = _timed(lambda: list(evaluator.evaluate([program])))
    if not probe.passed or evaluation.accuracy is None:  # whether it beats chance costs no time
        raise SystemExit(f"{program.id} is {probe.failure or evaluation.status}, not fit for a measurement")
    return probe_wall, evaluation_wall, 1000 * probe.cpu_seconds, 1000 * evaluation.cpu_seconds


def measure_workers(
    config: EvaluatorConfig, task: Task, programs: Sequence[Candidate], rounds: int
) -> dict[str, float]:
    """Return the wall milliseconds a program when all are probed at once, by one worker and by several."""
    sources = [program.source for program in programs if program.source is not None]
    one, several = config.model_copy(update={"workers": 1}), config
    milliseconds: dict[str, list[float]] = {"one": [], "several": []}
    with SandboxedEvaluator(one, task=task) as first, SandboxedEvaluator(several, task=task) as second:
        for count in range(rounds + 1):
            for name, evaluator in (("one", first), ("several", second)):
                wall, _ = _timed(lambda opened=evaluator: opened.probe(sources))
                if count:  # the first time is not counted
                    milliseconds[name].append(wall / len(sources))
    return {name: float(np.median(values)) for name, values in milliseconds.items()}


def _timed(step: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = step()
    return 1000 * (time.perf_counter() - started), result


def _table(figures: dict[str, Any]) -> str:
    rows = figures["programs"]
    lines = [
        f"{figures['cores']} cores, load {figures['load']:.1f}; milliseconds, medians",
        "",
        f"{'program':<28}{'probe':>10}" + "".join(f"{title:>12}" for title in _TITLES),
    ]
    for row in rows:
        cells = "".join(f"{row[name]:>12.1f}" for name in _COLUMNS[1:])
        ratio = row["evaluation_cpu"] / row["probe_cpu"]
        lines.append(f"{row['program'][:27]:<28}{row['probe_wall']:>10.1f}{cells}{ratio:>12.1f}")
    wall = np.median([row["probe_wall"] for row in rows])
    return "\n".join(
        [
            *lines,
            "",
            f"median probe {wall:.1f} ms by the clock (bar: {BAR_MILLISECONDS:g} on an idle machine), "
            f"{np.median([row['probe_cpu'] for row in rows]):.1f} ms of the processor",
            f"an evaluation takes {_ratio(rows, 'wall')} times the wall time, {_ratio(rows, 'cpu')} times "
            "the processor time",
        ]
    )


def _ratio(rows: Sequence[dict[str, Any]], clock: str) -> str:
    """Return evaluation over probe, of the sums, with its interval over the programs."""
    ratio = Ratio.of((row[f"evaluation_{clock}"], row[f"probe_{clock}"]) for row in rows)
    return f"{ratio.value:.1f} [{ratio.low:.1f}, {ratio.high:.1f}]"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the probe beside the evaluation.")
    parser.add_argument("--task", default="digits")
    parser.add_argument("--programs", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
