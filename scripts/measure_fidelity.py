#!/usr/bin/env python
"""Measure whether the fast path ranks programs as the reference path does.

    .venv/bin/python scripts/measure_fidelity.py --programs 60 --out runs/fidelity.jsonl

The same programs of the grammar are trained for one epoch on both paths, each under two seeds: ours is the
sandboxed evaluator, the other `scripts/lemur_reference.py`. Printed are the rank correlations between the
paths, and beside them those between two seeds of one path. The paths are compared at *different* seeds: at
equal ones they share the initial weights. The fast path is faithful when the correlation between the paths is
no lower than that between the seeds.

Results are appended to `--out`, one line a training, so that the script goes on where it was stopped; a line
counts only for the protocol that it was measured under. Programs that fail on either path are left out and
counted.

It does *not* measure speed: `scripts/bench_evaluator.py` does. Of the reference's five passes it runs the two
that an accuracy needs.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from bench_programs import hyperparameters
from lemur_reference import ReferenceData, ReferenceRun
from measure_protocol import grammar_candidates
from scipy.stats import kendalltau, rankdata

from corpus.files.json_lines import json_lines
from corpus.records.base import content_id
from corpus.records.candidates import Candidate
from cycles.figures.statistics import bootstrap_interval
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import load_task

SEEDS = (0, 1)
PATHS = ("reference", "ours")
BAR = 0.03

Key = tuple[str, int]
"""A path and a seed."""
Accuracies = dict[Key, dict[str, float | None]]
"""For each of them, the accuracy of each program by content id; None for one that failed."""


def main() -> None:
    """Train what is not in the file yet, then print the correlations over what is."""
    arguments = _arguments()
    config = EvaluatorConfig(task=arguments.task, batch_size=arguments.batch_size, workers=arguments.workers)
    candidates = grammar_candidates(config, arguments.programs, arguments.grammar_seed)
    measured = Measurements(arguments.out, config)
    if not arguments.report_only:
        for seed in SEEDS:
            for path, judge in (("ours", judge_ours), ("reference", judge_by_reference)):
                missing = [each for each in candidates if measured.lacks((path, seed), each)]
                if missing:
                    seeded = config.model_copy(update={"seed": seed})
                    for count, (candidate, accuracy) in enumerate(judge(seeded, missing), start=1):
                        measured.add((path, seed), candidate, accuracy)
                        _note(f"\r{path}, seed {seed}: {count}/{len(missing)} ")
                    _note("\n")
    table = measured.table(candidates)
    if len(table) < 3:
        sys.exit(f"{len(table)} programs are measured on both paths under both seeds; three are needed")
    figures = {"programs": len(candidates), "protocol": measured.protocol, **correlations(table)}
    print(json.dumps(figures) if arguments.json else _report(figures))


class Measurements:
    """Accuracies in a JSONL file that is only appended to; a line torn by a crash is passed over.

    Args:
        path: The file, made when the first line is added.
        config: The protocol; its seed, workers and limits on the machine do not matter.
    """

    def __init__(self, path: Path, config: EvaluatorConfig) -> None:
        from evaluator.supervisor.protocol import protocol_id
        from evaluator.tasks import task_spec

        self.protocol = protocol_id(config.model_copy(update={"seed": 0}), task_spec(config.task))
        self._path = path
        self._accuracies: Accuracies = {(name, seed): {} for name in PATHS for seed in SEEDS}
        for line in self._lines():
            if line["protocol"] == self.protocol:
                self._accuracies[line["path"], line["seed"]][line["program"]] = line["accuracy"]

    def lacks(self, key: Key, candidate: Candidate) -> bool:
        """Return whether `candidate` is still to be trained there."""
        return _program_id(candidate) not in self._accuracies[key]

    def add(self, key: Key, candidate: Candidate, accuracy: float | None) -> None:
        """Note one training."""
        program = _program_id(candidate)
        self._accuracies[key][program] = accuracy
        line = {
            "protocol": self.protocol,
            "path": key[0],
            "seed": key[1],
            "program": program,
            "accuracy": accuracy,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def table(self, candidates: Sequence[Candidate]) -> np.ndarray:
        """Return the accuracies `(N, 4)` of the N programs that never failed, by path and seed."""
        rows = [
            [self._accuracies[path, seed].get(_program_id(each)) for path in PATHS for seed in SEEDS]
            for each in candidates
        ]
        return np.array([row for row in rows if None not in row], dtype=float).reshape(-1, 4)

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self._path.exists():
            return
        if not self._path.read_bytes().endswith(b"\n"):
            with self._path.open("a") as file:
                file.write("\n")
        for row in json_lines(self._path, _row_or_none, remedy="Name another file: --out FILE."):
            if row is None:
                _note(f"{self._path}: a torn line is passed over\n")
            else:
                yield row


def judge_ours(
    config: EvaluatorConfig, candidates: Sequence[Candidate]
) -> Iterator[tuple[Candidate, float | None]]:
    """Yield each program's accuracy from the sandboxed evaluator."""
    with SandboxedEvaluator(config) as evaluator:
        for candidate, evaluation in zip(candidates, evaluator.evaluate(candidates), strict=True):
            yield candidate, evaluation.accuracy


def judge_by_reference(
    config: EvaluatorConfig, candidates: Sequence[Candidate]
) -> Iterator[tuple[Candidate, float | None]]:
    """Yield each program's accuracy on the reference path."""
    data = ReferenceData.of(load_task(config.task, task_seed=config.task_seed))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(config.workers, context, initializer=_single_threaded) as pool:
        jobs = [pool.submit(_reference_accuracy, config, data, each.completion) for each in candidates]
        for candidate, job in zip(candidates, jobs, strict=True):
            yield candidate, job.result()


def _single_threaded() -> None:
    import torch

    torch.set_num_threads(1)


def _reference_accuracy(config: EvaluatorConfig, data: ReferenceData, source: str) -> float | None:
    try:
        run = ReferenceRun(
            source, data, batch_size=config.batch_size, prm=hyperparameters(config), seed=config.seed
        )
        run.train()
        return run.accuracy(run.test_loader)
    except Exception as error:  # noqa: BLE001 - the candidate's boundary: whatever it raises is a failure
        _note(f"\r{type(error).__name__}: {error}\n")
        return None


PAIRINGS = {
    "paths": ((0, 3), (1, 2)),
    "reference_seeds": ((0, 1),),
    "our_seeds": ((2, 3),),
    "paths_at_equal_seeds": ((0, 2), (1, 3)),
}
"""Which columns of the table are compared; of two pairs, the correlations are averaged."""


def correlations(table: np.ndarray) -> dict[str, Any]:
    """Return the rank correlations between paths and between seeds, each with its interval over programs.

    Args:
        table: Accuracies `(N, 4)`: reference under both seeds, then ours under both.
    """
    figures: dict[str, Any] = {"compared": len(table)}
    for name, pairs in PAIRINGS.items():
        kendall = [kendalltau(table[:, first], table[:, second]).statistic for first, second in pairs]
        figures[name] = _figure("spearman", table, partial(_spearman, pairs=pairs)) | {
            "kendall": float(np.mean(kendall))
        }
    return figures | {"gap": _figure("value", table, _gap)}


def _gap(tables: np.ndarray) -> np.ndarray:
    between, first, second = (
        _spearman(tables, PAIRINGS[name]) for name in ("paths", "reference_seeds", "our_seeds")
    )
    return between - (first + second) / 2


def _spearman(tables: np.ndarray, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Return Spearman's correlation of the pairs of columns in each of the tables `(S, N, 4)`, as `(S,)`."""
    ranks = rankdata(tables, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    products = np.einsum("sni,snj->sij", ranks, ranks)
    norms = np.sqrt(np.einsum("sii->si", products))
    with np.errstate(invalid="ignore"):  # a resample may hold one program alone
        matrix = products / (norms[:, :, np.newaxis] * norms[:, np.newaxis, :])
    return np.mean([matrix[:, first, second] for first, second in pairs], axis=0)


def _figure(name: str, table: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
    low, high = bootstrap_interval(table, statistic)
    return {name: float(statistic(table[np.newaxis])[0]), "low": low, "high": high}


def _report(figures: dict[str, Any]) -> str:
    names = {
        "paths": "reference against ours, different seeds",
        "reference_seeds": "reference, seed against seed",
        "our_seeds": "ours, seed against seed",
        "paths_at_equal_seeds": "reference against ours, equal seeds",
    }
    lines = [
        f"{figures['protocol']}: {figures['compared']} of {figures['programs']} programs on both paths",
        "",
        "| one-epoch accuracy of | Spearman [95%] | Kendall |",
        "|---|---|---|",
    ]
    for name, text in names.items():
        row = figures[name]
        lines.append(
            f"| {text} | {row['spearman']:.3f} [{row['low']:.3f}, {row['high']:.3f}] | {row['kendall']:.3f} |"
        )
    gap = figures["gap"]
    lines += [
        "",
        f"Between the paths less the mean of seed against seed: {gap['value']:+.3f} "
        f"[{gap['low']:+.3f}, {gap['high']:+.3f}] (bar: no lower than -{BAR:g})",
    ]
    return "\n".join(lines)


def _row_or_none(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


def _program_id(candidate: Candidate) -> str:
    return content_id(candidate.completion)


def _note(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    default = EvaluatorConfig()
    parser = argparse.ArgumentParser(description="Measure whether both paths rank programs alike.")
    parser.add_argument("--programs", type=int, default=60, help="programs to train (60)")
    parser.add_argument("--task", default=default.task)
    parser.add_argument("--batch-size", type=int, default=default.batch_size)
    parser.add_argument("--workers", type=int, default=default.workers, help="programs trained at a time")
    parser.add_argument("--grammar-seed", type=int, default=0, help="draws other programs (0)")
    parser.add_argument("--out", type=Path, default=Path("runs/fidelity.jsonl"), help="where results go")
    parser.add_argument("--report-only", action="store_true", help="train nothing, report what is there")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
