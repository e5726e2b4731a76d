#!/usr/bin/env python
"""Train every network of a search space for real, once for all, and keep the results as a table.

    .venv/bin/python scripts/make_table.py                    # train what is missing, then write the table
    .venv/bin/python scripts/make_table.py --sample 40 --lr 0.05 --batch-size 32    # try a protocol
    .venv/bin/python scripts/make_table.py --only 'a=conv3x3(x); a'    # train some again, and compare

Each network is trained under each seed in the sandbox, by the very protocol of a search; a row is appended
to `--rows` as soon as it is there, so that an interrupted making goes on where it stopped. Points that spell
one network share its program and so its rows. `--only` takes points' keys or encodings.

`--sample` keeps nothing: it trains that many networks under two seeds, and prints how far the seeds agree and
what it costs. It does *not* choose the protocol: `TABLE_CONFIGS` holds it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from corpus.files.json_lines import json_lines
from corpus.records.base import content_id
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from evaluator.config import EvaluatorConfig
from evaluator.tables.catalogue import TABLES, table_file, table_spec
from evaluator.tables.table import TableHead, TableRow, read_table, read_test_accuracies, write_table
from evaluator.tabular.training import TableTrainer
from evaluator.tasks import task_spec
from generator.spaces.catalogue import build_space
from generator.spaces.cells import CellSpace

SEEDS = (0, 1, 2)

TABLE_CONFIGS: Mapping[str, EvaluatorConfig] = {
    "cells-3-digits": EvaluatorConfig(task="digits", batch_size=32, lr=0.05),
}
"""The protocol of each table; the seeds are `SEEDS`."""

Rows = dict[tuple[str, int], dict[str, Any]]
"""What is trained so far, by program and seed."""


def main() -> None:
    """Train what is missing and write the table, or train one network again."""
    arguments = _arguments()
    config = TABLE_CONFIGS[arguments.table].model_copy(update={"workers": arguments.workers})
    space = _space(arguments.table, config)
    if arguments.sample is not None:
        settings = {name: getattr(arguments, name) for name in ("lr", "batch_size", "epochs")}
        settings = {name: value for name, value in settings.items() if value is not None}
        print(sample(space, config.model_copy(update=settings), arguments.sample))
        return
    if arguments.only is not None:
        sys.exit(check(arguments.table, space, config, arguments.only))
    rows = {_place(row): row for row in _read(arguments.rows)}
    programs = {content_id(program): program for program in map(space.render, space.points())}
    with arguments.rows.open("a", encoding="utf-8") as file:
        for seed in SEEDS:
            missing = [text for program, text in programs.items() if (program, seed) not in rows]
            for row in train(config.model_copy(update={"seed": seed}), missing):
                rows[_place(row)] = row
                file.write(json.dumps(row) + "\n")
                file.flush()
    write(arguments.table, space, rows)


def sample(space: CellSpace, config: EvaluatorConfig, count: int) -> str:
    """Return how far two seeds agree on `count` networks drawn at random."""
    programs = list({content_id(each): each for each in map(space.render, space.points())}.values())
    drawn = random.Random(0).sample(programs, count)
    rows = [list(train(config.model_copy(update={"seed": seed}), drawn)) for seed in SEEDS[:2]]
    accuracies = np.array([[row["validation"] for row in each] for each in rows]).T  # (networks, seeds)
    seconds = float(np.mean([row["cpu_seconds"] for each in rows for row in each]))
    return (
        f"lr {config.lr:g}, batch {config.batch_size}, epochs {config.epochs}: {_agreement(accuracies)}; "
        f"{seconds:.2f} s of processor time a training, "
        f"{seconds * len(programs) * len(SEEDS) / 60:.0f} min for the whole table"
    )


def _agreement(accuracies: np.ndarray) -> str:
    """Describe accuracies `(networks, seeds)`."""
    pairs = itertools.combinations(range(accuracies.shape[1]), 2)
    spearman = np.mean(
        [spearmanr(accuracies[:, one], accuracies[:, other]).statistic for one, other in pairs]
    )
    quartiles = np.quantile(accuracies.mean(1), (0, 0.25, 0.5, 0.75, 1)).round(3)
    return (
        f"Spearman between seeds {spearman:.2f}; sd of networks {accuracies.mean(1).std():.3f}, of seeds "
        f"{np.sqrt(accuracies.var(1, ddof=1).mean()):.3f}; quartiles of the means {quartiles}"
    )


def train(config: EvaluatorConfig, programs: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each program, in order, while progress is shown."""
    if not programs:
        return
    candidates = [
        Candidate.imported(f"table/{index}", each, generator="table") for index, each in enumerate(programs)
    ]
    started = time.perf_counter()
    with TableTrainer(config) as trainer:
        for count, evaluation in enumerate(trainer.evaluate(candidates), start=1):
            candidate = candidates[count - 1]
            yield _row(config, trainer, candidate, evaluation)
            left = (len(programs) - count) * (time.perf_counter() - started) / count
            _note(
                f"\rseed {config.seed}: {count} of {len(programs)} networks, {left / 60:.0f} minutes left  "
            )
    _note("\n")


def _row(
    config: EvaluatorConfig, trainer: TableTrainer, candidate: Candidate, evaluation: Evaluation
) -> dict[str, Any]:
    if evaluation.accuracy is None:
        raise SystemExit(f"a network of the space ends as {evaluation.status}: {evaluation.error}")
    return {
        "program": content_id(candidate.completion),
        "seed": config.seed,
        "protocol": evaluation.protocol_id,
        "validation": evaluation.accuracy,
        "test": trainer.test_accuracy(candidate),
        "parameters": evaluation.parameters,
        "flops": evaluation.flops,
        "cpu_seconds": evaluation.cpu_seconds,
    }


def write(name: str, space: CellSpace, rows: Rows) -> None:
    """Write the table, and print what it is like."""
    table, test = [], []
    for point in space.points():
        program = content_id(space.render(point))
        own = [rows[program, seed] for seed in SEEDS]
        test.append(tuple(row["test"] for row in own))
        table.append(
            TableRow(
                point=space.encode(point),
                key=space.key(point),
                program=program,
                validation=tuple(row["validation"] for row in own),
                parameters=own[0]["parameters"],
                flops=own[0]["flops"],
                cpu_seconds=float(np.mean([row["cpu_seconds"] for row in own])),
            )
        )
    config, spec = TABLE_CONFIGS[name], task_spec(table_spec(name).task)
    head = TableHead(
        name=name,
        space=table_spec(name).space,
        task=spec.id,
        protocols=tuple(rows[table[0].program, seed]["protocol"] for seed in SEEDS),
        chance=spec.chance,
        below_chance_factor=config.below_chance_factor,
        versions=_versions(),
    )
    write_table(table_file(name), head, table, test)
    networks = {row.key: row for row in table}
    accuracies = np.array([row.validation for row in networks.values()])  # (networks, seeds)
    seconds = sum(row.cpu_seconds for row in networks.values()) * len(SEEDS)
    print(
        f"{table_file(name).name}: {len(table)} points, {len(networks)} networks x {len(SEEDS)} seeds, "
        f"{table_file(name).stat().st_size:,} bytes, {seconds / 60:.0f} min of processor time\n"
        f"{_agreement(accuracies)}"
    )


def check(name: str, space: CellSpace, config: EvaluatorConfig, wanted: Sequence[str]) -> int:
    """Train networks again under every seed; return 0 if all do what the table says, else 1."""
    table, test = read_table(table_file(name)), read_test_accuracies(table_file(name))
    found = {each: row for row in table.rows for each in wanted if each in (row.key, row.point)}
    if set(wanted) - set(found):
        raise SystemExit(
            f"the table '{name}' has no point '{wanted[0]}': give keys or encodings of its space"
        )
    points = [space.decode(row.point) for row in found.values()]
    programs = [space.render(point) for point in points if point is not None]
    same = True
    for seed in SEEDS:
        again = train(config.model_copy(update={"seed": seed}), programs)
        for row, each in zip(found.values(), again, strict=True):
            before, after = (row.validation[seed], test[row.point][seed]), (each["validation"], each["test"])
            same &= before == after
            print(f"{row.key}, seed {seed}: {_shown(after)}, in the table {_shown(before)}")
    made_with = ", ".join(f"{key} {value}" for key, value in table.head.versions.items())
    print("reproduced" if same else f"it differs; the table was made with {made_with}")
    return 0 if same else 1


def _shown(accuracies: tuple[float, float]) -> str:
    return f"validation {accuracies[0]:.4f}, test {accuracies[1]:.4f}"


def _space(table: str, config: EvaluatorConfig) -> CellSpace:
    space = build_space(table_spec(table).space, task_spec(config.task).shape, config.max_parameters)
    assert isinstance(space, CellSpace)
    return space


def _place(row: dict[str, Any]) -> tuple[str, int]:
    return row["program"], row["seed"]


def _read(path: Path) -> list[dict[str, Any]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return []
    if not path.read_bytes().endswith(b"\n"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")
    rows = json_lines(path, _row_or_none, remedy="Name another file: --rows FILE.")
    return [row for row in rows if row is not None]


def _row_or_none(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except json.JSONDecodeError:  # torn by a crash
        return None


def _versions() -> dict[str, str]:
    import torch

    return {"python": platform.python_version(), "torch": torch.__version__, "processor": _processor()}


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _note(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train every network of a search space, once for all.")
    parser.add_argument("--table", choices=sorted(TABLES), default="cells-3-digits")
    parser.add_argument(
        "--rows", type=Path, default=Path("runs/table-rows.jsonl"), help="what is trained so far"
    )
    parser.add_argument("--workers", type=int, default=2, help="networks trained at a time (2)")
    parser.add_argument("--sample", type=int, metavar="N", help="try a protocol on N networks, keep nothing")
    parser.add_argument("--lr", type=float, help="of the protocol to try")
    parser.add_argument("--batch-size", type=int, help="of the protocol to try")
    parser.add_argument("--epochs", type=int, help="of the protocol to try")
    parser.add_argument(
        "--only", nargs="+", metavar="KEY", help="train these networks again, and compare with the table"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
