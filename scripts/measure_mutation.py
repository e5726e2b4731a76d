#!/usr/bin/env python
"""Measure the edits of the grammar's programs: are they valid, local and new?

    .venv/bin/python scripts/measure_mutation.py --edits 1000 --chains 50 --length 20

Single edits are of programs drawn at random, over four task shapes; chained edits follow one another. Each
program is built, answers and learns from one batch (`generator.pretraining.validity`), with a 95% Wilson
interval. For each operator the table says how many lines of the text an edit changes, how many edits the
default novelty filter would call near-duplicates of their parents, and how many texts are distinct.

It does *not* measure whether an edit makes a network better, and programs run without a sandbox.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from corpus.config import CorpusConfig
from corpus.novelty.diversity import entropy_bits
from corpus.novelty.similarity import Shingler
from corpus.records.base import derive_seed
from corpus.records.tasks.shape import TaskShape
from cycles.figures.statistics import wilson
from generator.grammar.program import Derivation
from generator.pretraining.validity import VALID, verdicts
from generator.spaces.programs import ProgramSpace

SHAPES = (
    TaskShape(channels=1, height=8, width=8, classes=10),
    TaskShape(channels=1, height=12, width=12, classes=10),
    TaskShape(channels=1, height=28, width=28, classes=10),
    TaskShape(channels=3, height=32, width=32, classes=100),
)
LOCAL_LINES = 10

Row = dict[str, float]


class Edit(NamedTuple):
    """One edit: what was edited, what came out, and by which operator."""

    shape: TaskShape
    parent: Derivation
    child: Derivation
    operator: str


def main() -> None:
    """Read the arguments, edit, judge, print."""
    parser = argparse.ArgumentParser(description="Measure the edits of the grammar's programs.")
    parser.add_argument("--edits", type=int, default=1000, help="single edits (1000)")
    parser.add_argument("--chains", type=int, default=50, help="chains of edits (50)")
    parser.add_argument("--length", type=int, default=20, help="edits in a chain (20)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all programs and edits (0)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    single = [edited(index, arguments.seed, 1)[0] for index in range(arguments.edits)]
    chains = [edited(index, arguments.seed + 1, arguments.length) for index in range(arguments.chains)]
    chained = [edit for chain in chains for edit in chain]
    judged = judge([*single, *chained])
    tables = {"single edits": rows(judged[: len(single)]), "chained edits": rows(judged[len(single) :])}
    drift = {
        "first": averages([chain[0].parent for chain in chains if chain]),
        "last": averages([chain[-1].child for chain in chains if chain]),
    }
    if arguments.json:
        print(json.dumps({**tables, "chains": drift}))
        return
    for title, table in tables.items():
        print(f"{title}\n{formatted(table)}\n")
    for place, figures in drift.items():
        print(
            f"{place} of each chain: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        )


def edited(index: int, seed: int, length: int) -> list[Edit]:
    """Return `length` edits in a row of the program at `index`."""
    rng, shape = random.Random(derive_seed(seed, "mutation", index)), SHAPES[index % len(SHAPES)]
    space = ProgramSpace(shape)
    point = space.sample(rng)
    edits: list[Edit] = []
    for _ in range(length):
        child, operator = space.mutate(point, rng)
        edits.append(Edit(shape, point, child, operator))
        point = child
    return edits


def judge(edits: Sequence[Edit]) -> list[tuple[Edit, str]]:
    """Return each edit with the verdict on its program; print those that are not valid."""
    found = verdicts([edit.child.program.source for edit in edits], [edit.shape for edit in edits])
    judged = list(zip(edits, found, strict=True))
    for edit, verdict in judged:
        if verdict != VALID:
            print(f"{verdict}: {edit.operator} led to {edit.child.record}")
    return judged


def rows(judged: Sequence[tuple[Edit, str]]) -> dict[str, Row]:
    """Return the figures of each operator and of all."""
    by_operator: defaultdict[str, list[tuple[Edit, str]]] = defaultdict(list)
    for edit, verdict in judged:
        by_operator[edit.operator].append((edit, verdict))
    table = {name: figures(by_operator[name]) for name in sorted(by_operator)}
    return table | {"all": figures(judged)} if judged else {}


def figures(judged: Sequence[tuple[Edit, str]]) -> Row:
    """Return the figures of some edits with their verdicts."""
    config = CorpusConfig()
    shingler = Shingler.from_config(config)
    valid = wilson(sum(verdict == VALID for _, verdict in judged), len(judged))
    sources = [(edit.parent.program.source, edit.child.program.source) for edit, _ in judged]
    lines = [changed_lines(*pair) for pair in sources]
    likeness = [shingler.similarity(*pair) for pair in sources]
    return {
        "edits": len(judged),
        "valid": valid.count / valid.total,
        "low": valid.low,
        "high": valid.high,
        "lines": statistics.median(lines),
        "local": statistics.mean(count <= LOCAL_LINES for count in lines),
        "similarity": statistics.median(likeness),
        "near": statistics.mean(value >= config.tau for value in likeness),
        "texts": len({child for _, child in sources}),
    }


def changed_lines(before: str, after: str) -> int:
    """Return the lines that are not common to both texts in order, of the text that has more of them."""
    first, second = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    return max(len(first), len(second)) - sum(block.size for block in matcher.get_matching_blocks())


def averages(points: Sequence[Derivation]) -> Row:
    """Return what the programs of one place in all chains are like."""
    if not points:
        return {}
    families = Counter(family for point in points for family in point.program.families)
    return {
        "median parameters": statistics.median(point.parameters for point in points),
        "median characters": statistics.median(len(point.program.source) for point in points),
        "bits of families": entropy_bits(families),
    }


def formatted(table: Mapping[str, Row]) -> str:
    """Return a table for people; shares in percent."""
    lines = [
        "operator        edits  valid (95% interval)     lines  <= 10  similarity  near-duplicates  texts"
    ]
    for name, row in table.items():
        valid = f"{100 * row['valid']:6.2f} ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
        lines.append(
            f"{name:14s} {row['edits']:6d}  {valid:24s} {row['lines']:5g} {100 * row['local']:5.1f}%"
            f"  {row['similarity']:10.2f}  {100 * row['near']:14.1f}%  {row['texts']:5d}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
