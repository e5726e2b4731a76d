#!/usr/bin/env python
"""Measure the evaluator's speed beside the reference path, in one run, on the same programs.

    .venv/bin/python scripts/bench_evaluator.py --programs 24

Three figures, each beside its bar:

    candidates per hour   a fresh interpreter for each program and LEMUR's five-pass epoch, against the
                          sandbox. Both judge as many programs at a time, on one thread each, block by block
                          in turn.
    the epoch alone       five passes over a per-sample DataLoader against training and one prediction from
                          resident tensors, in one process, at equal batch and dtype. Processor time, program
                          by program in turn.
    rejecting a program   wall time from one verdict to the next, in a warm pool with one worker.

The programs are of the grammar, with those of `tests/programs`; all of them are valid unless `--broken-share`
mixes in programs that fail as a model's do. Intervals are 95% bootstrap percentiles over blocks or programs.
Starting the pool, once for a whole run, is reported and not counted.

It does *not* compare accuracies: `scripts/measure_fidelity.py` does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from bench_programs import BREAKS, break_program, break_share, hyperparameters, valid_programs
from bench_ratios import Ratio, processor_seconds
from lemur_reference import ReferenceData, ReferenceRun

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus
from evaluator.channel.plan import Plan
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.protocol import protocol_id, training_plan
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import Task, load_task

REFERENCE = Path(__file__).parent / "lemur_reference.py"
_BARS = {"throughput": 20.0, "epoch": 4.0, "rejection": 50.0}


SECTIONS = ("throughput", "epoch", "rejection")


def main() -> None:
    """Read the arguments, take the measurements, print each as it is there."""
    arguments = _arguments()
    config = EvaluatorConfig(task=arguments.task, batch_size=arguments.batch_size, workers=arguments.workers)
    task = load_task(config.task, task_seed=config.task_seed)
    valid = valid_programs(config, arguments.programs)
    measure: dict[str, Callable[[], dict[str, Any]]] = {
        "throughput": lambda: measure_throughput(config, task, break_share(valid, arguments.broken_share)),
        "epoch": lambda: measure_epochs(config, task, valid),
        "rejection": lambda: measure_rejections(config, task, valid, arguments.rejections),
    }
    figures: dict[str, Any] = {
        "protocol": protocol_id(config, task.spec),
        "workers": config.workers,
        "broken_share": arguments.broken_share,
    }
    if not arguments.json:
        print(f"{figures['protocol']}, float32, {config.workers} programs at a time")
    for section in SECTIONS:
        if section in arguments.sections:
            figures[section] = measure[section]()
            if not arguments.json:
                print(f"\n{_TABLES[section](figures[section])}", flush=True)
    if arguments.json:
        print(json.dumps(figures))


def measure_throughput(
    config: EvaluatorConfig, task: Task, candidates: Sequence[Candidate]
) -> dict[str, Any]:
    """Judge every block of programs on both paths, in turn, and compare the wall times."""
    size = 2 * config.workers
    blocks = [candidates[start : start + size] for start in range(0, len(candidates), size)]
    seconds: list[tuple[float, float]] = []
    statuses: Counter[str] = Counter()
    reference_failures = 0
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory, "task.npz")
        ReferenceData.of(task).save(data)
        started = time.perf_counter()
        with SandboxedEvaluator(config, task=task) as evaluator:
            start_seconds = time.perf_counter() - started
            for count, block in enumerate([blocks[0], *blocks]):  # the first time is not counted
                both: dict[bool, tuple[float, list[Any]]] = {}
                for ours in (True, False) if count % 2 else (False, True):
                    judge = _ours(evaluator) if ours else _reference(config, data)
                    both[ours] = _timed(judge, block)
                if count:
                    seconds.append((both[False][0], both[True][0]))
                    reference_failures += sum(code != 0 for code in both[False][1])
                    statuses.update(str(evaluation.status) for evaluation in both[True][1])
                _note(f"\rthroughput: block {count}/{len(blocks)} ")
    reference, ours = (sum(column) for column in zip(*seconds, strict=True))
    return {
        "programs": len(candidates),
        "blocks": len(blocks),
        "reference_per_hour": 3600 * len(candidates) / reference,
        "ours_per_hour": 3600 * len(candidates) / ours,
        "ratio": Ratio.of(seconds)._asdict(),
        "pool_start_seconds": start_seconds,
        "statuses": dict(statuses),
        "reference_failures": reference_failures,
    }


def measure_epochs(config: EvaluatorConfig, task: Task, candidates: Sequence[Candidate]) -> dict[str, Any]:
    """Run one epoch of every program on both paths in this process, in turn, and compare processor times."""
    import torch

    torch.set_num_threads(1)
    data, plan = ReferenceData.of(task), training_plan(config, task)
    seconds: list[tuple[float, float]] = []
    train_shares: list[float] = []
    for count, candidate in enumerate([candidates[0], *candidates]):  # the first time is not counted
        assert candidate.source is not None
        run = ReferenceRun(
            candidate.source,
            data,
            batch_size=config.batch_size,
            prm=hyperparameters(config),
            seed=config.seed,
        )
        epoch = _our_epoch(candidate.source, plan, task)
        passes: dict[bool, list[float]] = {}
        for ours in (True, False) if count % 2 else (False, True):
            steps = [epoch] if ours else [run.train, run.remaining_passes]
            passes[ours] = [processor_seconds(step) for step in steps]
        if count:
            seconds.append((sum(passes[False]), sum(passes[True])))
            train_shares.append(passes[False][0] / sum(passes[False]))
        _note(f"\repoch: program {count}/{len(candidates)} ")
    means = np.mean(seconds, axis=0)
    return {
        "programs": len(candidates),
        "reference_seconds": float(means[0]),
        "ours_seconds": float(means[1]),
        "train_share_of_reference": float(np.mean(train_shares)),
        "ratio": Ratio.of(seconds)._asdict(),
    }


def measure_rejections(
    config: EvaluatorConfig, task: Task, candidates: Sequence[Candidate], rounds: int
) -> dict[str, Any]:
    """Have every kind of broken program rejected, kind after kind, and time each verdict."""
    kinds = list(BREAKS)
    jobs = [
        break_program(candidates[number % len(candidates)], kind)
        for number in range(rounds + 1)
        for kind in kinds
    ]
    milliseconds: dict[EvaluationStatus, list[float]] = {kind: [] for kind in kinds}
    with SandboxedEvaluator(config.model_copy(update={"workers": 1}), task=task) as evaluator:
        last = time.perf_counter()
        for number, evaluation in enumerate(evaluator.evaluate(jobs)):
            passed, last = time.perf_counter() - last, time.perf_counter()
            kind = kinds[number % len(kinds)]
            if evaluation.status is not kind:
                raise SystemExit(
                    f"a program that should be {kind} is {evaluation.status}: {evaluation.error}"
                )
            if number >= len(kinds):  # the first round is not counted
                milliseconds[kind].append(1000 * passed)
        _note("\rrejections done          \n")
    return {
        kind.value: {
            "median_milliseconds": float(np.median(values)),
            "p90_milliseconds": float(np.quantile(values, 0.9)),
        }
        for kind, values in milliseconds.items()
    } | {"rounds": rounds}


def _ours(evaluator: SandboxedEvaluator) -> Callable[[Sequence[Candidate]], list[Evaluation]]:
    return lambda block: list(evaluator.evaluate(block))


def _reference(config: EvaluatorConfig, data: Path) -> Callable[[Sequence[Candidate]], list[int]]:
    """Return what judges a block with a fresh interpreter for each program and returns the exit codes."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    options = ["--batch-size", str(config.batch_size), "--prm", json.dumps(hyperparameters(config))]

    def judge(candidate: Candidate) -> int:
        with tempfile.NamedTemporaryFile("w", suffix=".py") as program:
            program.write(candidate.completion)
            program.flush()
            command = [sys.executable, str(REFERENCE), program.name, "--data", str(data), *options]
            return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

    def judge_all(block: Sequence[Candidate]) -> list[int]:
        with ThreadPoolExecutor(config.workers) as pool:
            return list(pool.map(judge, block))

    return judge_all


def _our_epoch(source: str, plan: Plan, task: Task) -> Callable[[], None]:
    """Return what trains the program for an epoch and predicts the validation split, in equal batches."""
    from bench_epochs import Trainee

    from evaluator.child import proxy

    trainee = Trainee(source, plan, task)
    net, prm = trainee.built(plan)

    def epoch() -> None:
        proxy.train(net, prm, trainee.images, trainee.labels, plan)
        trainee.answer(net, plan.config.batch_size)

    return epoch


def _timed(
    judge: Callable[[Sequence[Candidate]], list[Any]], block: Sequence[Candidate]
) -> tuple[float, list[Any]]:
    started = time.perf_counter()
    results = judge(block)
    return time.perf_counter() - started, results


def _throughput_table(figures: dict[str, Any]) -> str:
    statuses = ", ".join(f"{count} {name}" for name, count in figures["statuses"].items())
    return "\n".join(
        [
            f"{figures['programs']} programs: {statuses}; {figures['reference_failures']} failed on the "
            f"reference path; pool started in {figures['pool_start_seconds']:.1f} s",
            "",
            "| candidates per hour: reference | ours | ratio [95%] | bar |",
            "|---|---|---|---|",
            f"| {figures['reference_per_hour']:,.0f} | {figures['ours_per_hour']:,.0f} "
            f"| {_interval(figures['ratio'])} | >= {_BARS['throughput']:g}x |",
        ]
    )


def _epoch_table(figures: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"{figures['programs']} programs; training is {figures['train_share_of_reference']:.0%} of the "
            "reference's epoch",
            "",
            "| processor seconds of an epoch: reference | ours | ratio [95%] | bar |",
            "|---|---|---|---|",
            f"| {figures['reference_seconds']:.2f} | {figures['ours_seconds']:.2f} "
            f"| {_interval(figures['ratio'])} | >= {_BARS['epoch']:g}x |",
        ]
    )


def _rejection_table(figures: dict[str, Any]) -> str:
    lines = [f"| rejected for ({figures['rounds']} each) | median ms | p90 ms | bar |", "|---|---|---|---|"]
    for kind in BREAKS:
        row = figures[kind.value]
        lines.append(
            f"| {kind} | {row['median_milliseconds']:.1f} | {row['p90_milliseconds']:.1f} "
            f"| <= {_BARS['rejection']:g} |"
        )
    return "\n".join(lines)


_TABLES = {"throughput": _throughput_table, "epoch": _epoch_table, "rejection": _rejection_table}


def _interval(ratio: dict[str, float]) -> str:
    return f"{ratio['value']:.1f}x [{ratio['low']:.1f}, {ratio['high']:.1f}]"


def _note(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    default = EvaluatorConfig()
    parser = argparse.ArgumentParser(description="Measure the evaluator's speed beside the reference path.")
    parser.add_argument("--programs", type=int, default=24, help="programs to judge on both paths (24)")
    parser.add_argument("--broken-share", type=float, default=0.0, help="share of them to break (0)")
    parser.add_argument("--rejections", type=int, default=20, help="programs rejected of each kind (20)")
    parser.add_argument("--task", default=default.task)
    parser.add_argument("--batch-size", type=int, default=default.batch_size)
    parser.add_argument("--workers", type=int, default=default.workers, help="programs judged at a time")
    parser.add_argument(
        "--sections", nargs="+", choices=SECTIONS, default=SECTIONS, help="figures to take (all)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the tables")
    arguments = parser.parse_args()
    if arguments.programs < 1 or arguments.rejections < 1 or not 0 <= arguments.broken_share <= 1:
        parser.error("--programs and --rejections are at least 1, --broken-share is between 0 and 1")
    return arguments


if __name__ == "__main__":
    main()
