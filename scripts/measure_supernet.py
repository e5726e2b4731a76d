#!/usr/bin/env python
"""Measure how far the accuracies that cells inherit from a supernet rank them as training for real does.

    .venv/bin/python scripts/measure_supernet.py

It trains the supernet (or loads it from `--home`), has it judge every network of a table's space, and prints
Spearman's rank correlation with the table's validation accuracies, beside that of one seed of the table with
the mean of the others, and of the number of parameters. No test accuracy is read.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from corpus.records.base import content_id
from corpus.records.candidates import Candidate
from evaluator.supernet.config import SupernetConfig
from evaluator.supernet.inherited import SupernetEvaluator
from evaluator.tables.catalogue import TABLES, table_file, table_spec
from evaluator.tables.table import read_table
from evaluator.tasks import task_spec
from generator.spaces.catalogue import build_space
from generator.spaces.cells import CellSpace

_CAP = 500_000
"""Parameters; the table was made under this cap."""


def main() -> None:
    """Train, judge, print."""
    arguments = _arguments()
    spec = table_spec(arguments.table)
    space = build_space(spec.space, task_spec(spec.task).shape, _CAP)
    assert isinstance(space, CellSpace)
    config = SupernetConfig(
        task=spec.task,
        operators=space.operators,
        width=space.width,
        reductions=space.reductions,
        seed=arguments.seed,
    )
    if arguments.epochs is not None:
        config = config.model_copy(update={"epochs": arguments.epochs})
    figures = measure(space, config, arguments.table, arguments.home)
    print(json.dumps(figures) if arguments.json else _report(figures))


def measure(space: CellSpace, config: SupernetConfig, table: str, home: Path) -> dict[str, Any]:
    """Return the correlations over all networks of the space, and what they took."""
    networks = {row.key: row for row in read_table(table_file(table)).rows}
    cells = {key: space.decode(row.point) for key, row in networks.items()}
    programs = [space.render(cell) for cell in cells.values() if cell is not None]
    index = space.by_program()
    candidates = [
        Candidate.imported(f"s/{place}", each, generator="table") for place, each in enumerate(programs)
    ]
    started, known = time.perf_counter(), (home / f"supernet-{config.key}.safetensors").exists()
    with SupernetEvaluator(config, lambda each: index.get(content_id(each.completion)), home) as evaluator:
        ready = time.perf_counter()
        inherited = np.array([each.accuracy for each in evaluator.evaluate(candidates)])  # (N,)
    judged = time.perf_counter()
    trained = np.array([row.validation for row in networks.values()])  # (N, seeds)
    others = [
        (seed, [other for other in range(trained.shape[1]) if other != seed])
        for seed in range(trained.shape[1])
    ]
    parameters = [row.parameters for row in networks.values()]
    best = trained.mean(1) >= np.quantile(trained.mean(1), 0.9)
    return {
        "protocol": evaluator.protocol_id,
        "networks": len(networks),
        "inherited": _spearman(inherited, trained.mean(1)),
        "one_seed": float(
            np.mean([_spearman(trained[:, seed], trained[:, rest].mean(1)) for seed, rest in others])
        ),
        "parameters": _spearman(parameters, trained.mean(1)),
        "best_tenth_in_best_tenth": float(best[np.argsort(-inherited)[: int(best.sum())]].mean()),
        "training_seconds": None if known else ready - started,
        "judging_seconds": (judged - ready) / len(networks),
    }


def _spearman(one: Any, other: Any) -> float:
    return float(spearmanr(one, other).statistic)


def _report(figures: dict[str, Any]) -> str:
    took = figures["training_seconds"]
    training = "was there already" if took is None else f"trained in {took:.0f} s"
    return "\n".join(
        [
            f"{figures['protocol']}: {training}, {figures['judging_seconds']:.3f} s a network",
            "",
            f"| Spearman with the trained accuracy of {figures['networks']} networks | |",
            "|---|---|",
            f"| accuracy with inherited weights | {figures['inherited']:.2f} |",
            f"| one seed of the table, with the mean of the others | {figures['one_seed']:.2f} |",
            f"| number of parameters | {figures['parameters']:.2f} |",
            "",
            f"Of the supernet's first tenth, {figures['best_tenth_in_best_tenth']:.0%} are of the "
            "best tenth by training.",
        ]
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how well inherited weights rank cells.")
    parser.add_argument("--table", choices=sorted(TABLES), default="cells-3-digits")
    parser.add_argument("--home", type=Path, default=Path("runs/supernets"), help="where supernets are kept")
    parser.add_argument("--epochs", type=int, help="of the supernet's training (its default)")
    parser.add_argument("--seed", type=int, default=0, help="of the supernet (0)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
