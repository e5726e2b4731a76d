#!/usr/bin/env python
"""Measure how the two notions of novelty agree, and what recording a network costs.

    .venv/bin/python scripts/measure_structure.py --programs 200
    .venv/bin/python scripts/measure_structure.py --corpus runs/first/corpus.db

Programs are taken in order, each compared with all before it: by text (exact Jaccard similarity of at least
tau) and by structure (the same network). It prints how many are duplicates by either notion, how many
distinct networks and topologies there are, and, for programs of the grammar, what recording adds to a forward
pass. Independent programs are hardly ever duplicates, so each program of the grammar is also compared with
two edits of itself: one number of the network doubled, and the training of another program put in its place.

Programs of the grammar are built in this process. Those of a corpus are *not* run: their networks were
recorded in the sandbox when they were judged.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import statistics
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from corpus.config import CorpusConfig
from corpus.ledger.reader import Ledger
from corpus.novelty.index import NoveltyIndex
from corpus.novelty.similarity import Shingler
from corpus.programs.structure import Structure, structure_of
from corpus.records.base import derive_seed
from corpus.records.graphs import NetworkGraph
from corpus.records.tasks.shape import TaskShape
from evaluator.child.graph import GraphRecorder
from evaluator.child.proxy import call
from generator.grammar import sample_program

SHAPE = TaskShape(channels=1, height=12, width=12, classes=10)
REPEATS = 5
TRAINING = "    def train_setup"
EDITS = ("one number doubled", "another training")


class Program(NamedTuple):
    """A program's text with the hashes of its network."""

    source: str
    structure: Structure


class Cost(NamedTuple):
    """What one recording costs: milliseconds of a forward pass without and with it, and of the hashing."""

    plain_ms: float
    recorded_ms: float
    hash_ms: float
    nodes: int
    graph_bytes: int


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description="Compare novelty by text with novelty by structure.")
    parser.add_argument("--programs", type=int, default=200, help="programs of the grammar (200)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the grammar's programs (0)")
    parser.add_argument("--corpus", type=Path, help="compare the judged programs of this corpus instead")
    parser.add_argument("--tau", type=float, default=CorpusConfig().tau, help="threshold (0.85)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    costs: list[Cost] = []
    if arguments.corpus:
        programs = list(judged_programs(arguments.corpus))
    else:
        programs, costs = grammar_programs(arguments.programs, arguments.seed)
    config = CorpusConfig(tau=arguments.tau)
    figures = agreement(programs, config) | cost_figures(costs)
    if costs:
        figures["edits"] = edit_figures(programs, config, random.Random(arguments.seed))
    print(json.dumps(figures) if arguments.json else table(figures))


def grammar_programs(count: int, seed: int) -> tuple[list[Program], list[Cost]]:
    """Return programs of the grammar, and what recording each of them cost."""
    programs, costs = [], []
    for index in range(count):
        source = sample_program(random.Random(derive_seed(seed, "structure", index)), SHAPE).source
        structure, cost = recorded(build(source))
        programs.append(Program(source, structure))
        costs.append(cost)
    return programs, costs


def build(source: str) -> nn.Module:
    """Return the network of a program that is trusted."""
    names: dict[str, Any] = {}
    exec(source, names)
    prm = {"lr": 0.01, "momentum": 0.9, "dropout": 0.2}
    in_shape = (16, SHAPE.channels, SHAPE.height, SHAPE.width)
    net: nn.Module = names["Net"](in_shape, (SHAPE.classes,), prm, torch.device("cpu"))
    return net.eval()


def recorded(net: nn.Module, repeats: int = REPEATS) -> tuple[Structure, Cost]:
    """Return the structure of a network and the cost of knowing it, the least of several interleaved runs."""
    images = torch.zeros(2, SHAPE.channels, SHAPE.height, SHAPE.width)
    recorder, seconds = GraphRecorder(), []
    graph: NetworkGraph | None = None
    with torch.no_grad():
        for _ in range(repeats):
            marks = [time.perf_counter()]
            for forward in (call, recorder):
                forward(net, images)
                marks.append(time.perf_counter())
            graph = recorder.graph
            assert graph is not None, "a program of the grammar that cannot be recorded"
            structure = structure_of(graph)
            marks.append(time.perf_counter())
            seconds.append([end - start for start, end in itertools.pairwise(marks)])
    assert graph is not None
    plain, watched, hashing = (1000 * min(each) for each in zip(*seconds, strict=True))
    text = graph.model_dump_json(exclude_defaults=True)
    return structure, Cost(plain, watched, hashing, len(graph.nodes), len(text))


def judged_programs(path: Path) -> Iterator[Program]:
    """Yield the valid programs of a corpus whose networks are known, in the order of their judgement."""
    with Ledger.open(path) as ledger:
        sources = {candidate.id: candidate.source for candidate in ledger.candidates()}
        topologies = ledger.topologies()
        for evaluation in ledger.evaluations():
            source = sources[evaluation.candidate_id]
            if evaluation.valid and evaluation.structure and source:
                exact = evaluation.structure
                yield Program(source, Structure(exact, topologies[exact]))


def agreement(programs: list[Program], config: CorpusConfig) -> dict[str, Any]:
    """Return how often the two notions find a duplicate among the programs before."""
    index, seen = NoveltyIndex(config), set[str]()
    counts = {(text, structure): 0 for text in (True, False) for structure in (True, False)}
    for number, program in enumerate(programs):
        nearest = index.nearest(program.source)
        by_text = nearest is not None and nearest.jaccard >= config.tau
        counts[by_text, program.structure.exact in seen] += 1
        index.add(str(number), program.source)
        seen.add(program.structure.exact)
    return {
        "programs": len(programs),
        "tau": config.tau,
        "both": counts[True, True],
        "text_only": counts[True, False],
        "structure_only": counts[False, True],
        "neither": counts[False, False],
        "texts": len({program.source for program in programs}),
        "structures": len(seen),
        "topologies": len({program.structure.topology for program in programs}),
    }


def edit_figures(
    programs: list[Program], config: CorpusConfig, rng: random.Random
) -> dict[str, dict[str, int]]:
    """Return for each kind of edit how often it leaves the text near, and the network the same."""
    shingler = Shingler.from_config(config)
    counts = {kind: dict.fromkeys(("programs", "near_text", "same_network"), 0) for kind in EDITS}
    for program, other in zip(programs, programs[1:] + programs[:1], strict=True):
        edited = {EDITS[0]: other_number(program.source, rng), EDITS[1]: other_training(program, other)}
        for kind, source in edited.items():
            if source is not None:
                near = shingler.similarity(source, program.source) >= config.tau
                counts[kind]["programs"] += 1
                counts[kind]["near_text"] += near
                counts[kind]["same_network"] += structure_after(source) == program.structure
    return counts


def structure_after(source: str) -> Structure:
    """Return the structure of an edited program."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch wonders at some numbers
        return recorded(build(source), 1)[0]


def other_training(program: Program, other: Program) -> str:
    """Return the program with the training of another one; it is built here and not trained."""
    return program.source.partition(TRAINING)[0] + TRAINING + other.source.partition(TRAINING)[2]


def other_number(source: str, rng: random.Random) -> str | None:
    """Return the program with one number of its network doubled, None where every such edit breaks it."""
    head, mark, training = source.partition(TRAINING)
    places = list(re.finditer(r"(?<![\w.])[1-9]\d*(?![\w.])", head))
    for place in rng.sample(places, len(places)):
        edited = f"{head[: place.start()]}{2 * int(place[0])}{head[place.end() :]}{mark}{training}"
        try:
            structure_after(edited)
        except (RuntimeError, ValueError, IndexError, TypeError):
            continue  # the numbers do not add up any more
        return edited
    return None


def cost_figures(costs: list[Cost]) -> dict[str, Any]:
    """Return medians and worst cases."""
    if not costs:
        return {}
    added = sorted(cost.recorded_ms - cost.plain_ms for cost in costs)
    return {
        "plain_ms": statistics.median(cost.plain_ms for cost in costs),
        "added_ms": statistics.median(added),
        "added_ms_max": added[-1],
        "hash_ms": statistics.median(cost.hash_ms for cost in costs),
        "nodes": statistics.median(cost.nodes for cost in costs),
        "nodes_max": max(cost.nodes for cost in costs),
        "graph_bytes": statistics.median(cost.graph_bytes for cost in costs),
    }


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures for people."""
    f = figures
    near = f"near-duplicate text (J >= {f['tau']:g})"
    lines = [
        f"{f['programs']} programs: {f['texts']} texts, {f['structures']} networks, "
        f"{f['topologies']} topologies",
        "",
        f"{'':<34}same network   another network",
        f"{near:<34}{f['both']:>12}{f['text_only']:>18}",
        f"{'new text':<34}{f['structure_only']:>12}{f['neither']:>18}",
    ]
    lines += [""] if "edits" in f else []
    for kind, counts in f.get("edits", {}).items():
        lines.append(
            f"{kind}: {counts['near_text']} of {counts['programs']} texts are near-duplicates, "
            f"{counts['same_network']} networks the same"
        )
    if "added_ms" in f:
        lines += [
            "",
            f"recording adds {f['added_ms']:.2f} ms (worst {f['added_ms_max']:.2f}) to a forward pass of "
            f"{f['plain_ms']:.2f} ms; hashing takes {f['hash_ms']:.2f} ms",
            f"{f['nodes']:g} nodes (largest {f['nodes_max']}), {f['graph_bytes'] / 1000:.1f} kB",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
