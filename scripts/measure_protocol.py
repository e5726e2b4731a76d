#!/usr/bin/env python
"""Measure how well a protocol ranks programs: the same programs under two seeds, for several protocols.

    .venv/bin/python scripts/measure_protocol.py --programs 60

Programs come from the grammar, each from a seed of its own. For each protocol it prints Spearman's rank
correlation between the two seeds' accuracies with a 95% bootstrap interval, the spread of the accuracies, the
seed's standard deviation beside that between programs, and the processor time of one program. A protocol is
good when the first is high, the spread wide and the time short.

It does *not* choose: `evaluator.config` holds the choice, and the README the table.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from cycles.figures.statistics import bootstrap_interval
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import task_spec
from generator.grammar import sample_program

PROTOCOLS = ("digits:16", "digits:32", "digits:64", "digits-clean:64")
SEEDS = (0, 1)


def main() -> None:
    """Read the arguments, measure each protocol, print a line for each."""
    arguments = _arguments()
    if not arguments.json:
        print(HEADER)
    for protocol in arguments.protocols:
        name, _, batch_size = protocol.partition(":")
        config = EvaluatorConfig(
            task=name,
            batch_size=int(batch_size),
            workers=arguments.workers,
            max_parameters=arguments.max_parameters,
        )
        candidates = grammar_candidates(config, arguments.programs, arguments.grammar_seed)
        runs = [_evaluate(config.model_copy(update={"seed": seed}), candidates, protocol) for seed in SEEDS]
        figures = {"protocol": protocol, **_figures(runs)}
        print(json.dumps(figures) if arguments.json else _line(figures), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how well protocols rank programs.")
    parser.add_argument("--programs", type=int, default=60, help="programs for each protocol (60)")
    parser.add_argument("--protocols", nargs="+", default=list(PROTOCOLS), metavar="TASK:BATCH")
    parser.add_argument("--grammar-seed", type=int, default=0, help="draws other programs (0)")
    parser.add_argument("--max-parameters", type=int, default=EvaluatorConfig().max_parameters)
    parser.add_argument("--workers", type=int, default=EvaluatorConfig().workers)
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    return parser.parse_args()


def grammar_candidates(config: EvaluatorConfig, count: int, grammar_seed: int) -> list[Candidate]:
    """Return `count` programs of the grammar for the configuration's task, the same for the same seed."""
    shape = task_spec(config.task).shape
    sources = [
        sample_program(
            random.Random(derive_seed(grammar_seed, "measure", index)),
            shape,
            max_parameters=config.max_parameters,
        ).source
        for index in range(count)
    ]
    return [
        Candidate.imported(f"measure/{index:04d}", source, generator="grammar", index=index)
        for index, source in enumerate(sources)
    ]


def _evaluate(config: EvaluatorConfig, candidates: Sequence[Candidate], protocol: str) -> list[Evaluation]:
    """Return the evaluations of `candidates`, with a line of progress on standard error."""
    evaluations: list[Evaluation] = []
    started = time.monotonic()
    with SandboxedEvaluator(config) as evaluator:
        for evaluation in evaluator.evaluate(candidates):
            evaluations.append(evaluation)
            if evaluation.accuracy is None:
                _note(f"\r{evaluation.candidate_id}: {evaluation.status}: {evaluation.error}\n")
            passed = time.monotonic() - started
            _note(f"\r{protocol} seed {config.seed}: {len(evaluations)}/{len(candidates)}, {passed:.0f} s ")
    _note("\n")
    return evaluations


def _note(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _figures(runs: Sequence[Sequence[Evaluation]]) -> dict[str, Any]:
    pairs = np.array(
        [
            (first.accuracy, second.accuracy)
            for first, second in zip(*runs, strict=True)
            if first.accuracy is not None and second.accuracy is not None
        ]
    ).reshape(-1, 2)
    flat = [evaluation for run in runs for evaluation in run]
    trained = [evaluation for evaluation in flat if evaluation.accuracy is not None]
    low, high = bootstrap_interval(pairs, lambda tables: np.array([_spearman(each) for each in tables]))
    return {
        "programs": len(runs[0]),
        "paired": len(pairs),
        "spearman": _spearman(pairs),
        "spearman_low": low,
        "spearman_high": high,
        "accuracy_p10_p50_p90": [float(value) for value in np.quantile(pairs.mean(axis=1), (0.1, 0.5, 0.9))],
        "seed_sd": float(np.sqrt(((pairs[:, 0] - pairs[:, 1]) ** 2).mean() / 2)),
        "program_sd": float(pairs.mean(axis=1).std(ddof=1)),
        "cpu_seconds_mean": float(np.mean([evaluation.cpu_seconds for evaluation in trained])),
        "cpu_seconds_p90": float(np.quantile([evaluation.cpu_seconds for evaluation in trained], 0.9)),
        "wall_seconds_mean": float(np.mean([evaluation.wall_seconds for evaluation in trained])),
        "statuses": dict(Counter(str(evaluation.status) for evaluation in flat)),
    }


def _spearman(pairs: np.ndarray) -> float:
    return float(spearmanr(pairs[:, 0], pairs[:, 1]).statistic)


HEADER = (
    "protocol          Spearman [95%]        accuracy p10 / p50 / p90   SD seed / programs   "
    "CPU s mean / p90   statuses of both runs"
)


def _line(figures: dict[str, Any]) -> str:
    p10, p50, p90 = figures["accuracy_p10_p50_p90"]
    statuses = ", ".join(f"{count} {name}" for name, count in figures["statuses"].items())
    return (
        f"{figures['protocol']:<17} {figures['spearman']:.3f} "
        f"[{figures['spearman_low']:.3f}, {figures['spearman_high']:.3f}]  "
        f"{p10:.3f} / {p50:.3f} / {p90:.3f}      "
        f"{figures['seed_sd']:.3f} / {figures['program_sd']:.3f}        "
        f"{figures['cpu_seconds_mean']:.2f} / {figures['cpu_seconds_p90']:.2f}        {statuses}"
    )


if __name__ == "__main__":
    main()
