"""Runs of any size for the measuring scripts: real programs, prompts and ledgers, made-up judgements.

The search proposes and the ledger records as in a run; the answers are programs of the grammar, the
judgements are drawn (56% valid, 12% admitted, up to 2,000 networks), and of metrics.jsonl the figures of the
first cycle's programs stand in every line. This module does *not* train, judge or measure anything.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import AdmissionGate
from corpus.programs.structure import structure_of
from corpus.records.admissions import Admission, AdmissionReason
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.graphs import GraphNode, NetworkGraph
from corpus.records.prompts import FinishReason, Prompt
from corpus.records.search.proposals import DecidedBy, Decision
from corpus.records.search.trials import Trial
from corpus.records.tasks.shape import TaskShape
from corpus.records.trainings import CycleStage
from cycles.assembly import open_loop, start_run
from cycles.config.run import RunConfig, load_config
from cycles.figures.cycle_report import cycle_report
from cycles.figures.metrics import write_metrics
from cycles.figures.records import CycleReport
from cycles.search import Search
from cycles.writing import candidate_id
from generator.grammar import sample_program

PROTOCOL = "digits-v1/e1/b16/s0/made-up"
SHAPE = TaskShape(channels=1, height=12, width=12, classes=10)
NETWORKS = 2_000
"""Different networks of a run, at most."""


def answered(prompt: Prompt, cycle: int, index: int) -> Candidate:
    """Return the candidate that answers a prompt: a program of the grammar, by the prompt's seed."""
    text = sample_program(random.Random(prompt.seed), SHAPE).source
    return Candidate(
        id=candidate_id(cycle, index),
        origin=Origin.SAMPLED,
        source=text,
        completion=text,
        finish_reason=FinishReason.STOP,
        token_count=len(text) // 4,
        prompt_id=prompt.id,
        cycle=cycle,
        index=index,
        generator="grammar",
        operator="ask",
        decisions=(Decision(what="program", by=DecidedBy.MODEL),),
    )


def network(number: int) -> NetworkGraph:
    """Return one of as many networks as there are numbers: a chain of 12 convolutions, 37 nodes in all."""
    nodes = [GraphNode(op="input", shape=(-1, 1, 12, 12))]
    for layer in range(12):
        width = 8 + (number >> layer) % 57
        last = len(nodes) - 1
        nodes.append(GraphNode(op="parameter", shape=(width, 8, 3, 3)))
        nodes.append(
            GraphNode(
                op="convolution",
                attributes="padding=1,1 stride=1,1",
                inputs=(last, last + 1),
                shape=(-1, width, 12, 12),
            )
        )
        nodes.append(GraphNode(op="relu", inputs=(last + 2,), shape=(-1, number + 1, width, 12)))
    return NetworkGraph(nodes=tuple(nodes))


def judgement(candidate: Candidate, known_networks: dict[int, str]) -> tuple[Evaluation, Admission]:
    """Return a made-up judgement, by the candidate's id.

    Args:
        candidate: The candidate.
        known_networks: The ids of the networks that the ledger has, by number; brought up to date.
    """
    chance = random.Random(candidate.id)
    known: dict[str, Any] = {
        "candidate_id": candidate.id,
        "protocol_id": PROTOCOL,
        "wall_seconds": chance.uniform(0.2, 2.0),
        "cpu_seconds": chance.uniform(0.2, 2.0),
        "parameters": chance.randrange(1_000, 200_000),
        "peak_memory_bytes": 300_000_000,
    }
    if chance.random() > 0.56:
        status = chance.choice([EvaluationStatus.SHAPE_ERROR, EvaluationStatus.BELOW_CHANCE])
        said = f"line {chance.randrange(60)}: shapes ({chance.randrange(512)}x384 and 96x10) do not fit"
        failed = Evaluation(
            **known, status=status, stage=Stage.FORWARD, error_type="RuntimeError", error=said
        )
        return failed, Admission(candidate_id=candidate.id, admitted=False, reason=AdmissionReason.INVALID)
    accuracy = min(1.0, max(0.13, chance.gauss(0.3, 0.15)))
    number = chance.randrange(NETWORKS)
    graph = None if number in known_networks else network(number)
    if graph is not None:
        known_networks[number] = structure_of(graph).exact
    losses = tuple(chance.uniform(0.5, 2.3) for _ in range(16))
    evaluation = Evaluation(
        **known,
        status=EvaluationStatus.COMPLETE,
        stage=Stage.DONE,
        accuracy=accuracy,
        losses=losses,
        flops=chance.randrange(10**6),
        passes=1.0,
        kept_bytes=0,
        graph=graph,
        structure=known_networks[number],
    )
    admitted = accuracy >= 0.4 and chance.random() < 0.85
    reason = AdmissionReason.ADMITTED if admitted else AdmissionReason.BELOW_THRESHOLD
    jaccard = chance.uniform(0.3, 0.89)
    near = "seed/0000"
    return evaluation, Admission(
        candidate_id=candidate.id, admitted=admitted, reason=reason, nearest_id=near, jaccard=jaccard
    )


def build(path: Path, candidates: int, cycle: int) -> None:
    """Make a run of so many candidates at `path`."""
    cycles = max(1, candidates // cycle)
    size = [f"cycles={cycles}", f"candidates={candidates // cycles}"]
    config = load_config("cpu-tiny", [*size, "teaching.by=nobody"])
    start_run(path, config)
    with open_loop(path) as loop:
        loop.ledger._connection.execute("PRAGMA synchronous = OFF")  # nobody is to rely on this ledger
        networks: dict[int, str] = {}
        for number in range(cycles):
            fill(loop.ledger, loop.search, number, networks)
            for stage in (CycleStage.GENERATE, CycleStage.JUDGE):
                loop.ledger.record_stage(number, stage, 60.0)
            if number < cycles - 1:
                loop.ledger.complete_cycle(number)
        loop.ledger._connection.execute("PRAGMA synchronous = FULL")
        AdmissionGate.from_ledger(loop.ledger, config.corpus)  # the shingle cache, as a run leaves it
        write_metrics(list(reports(loop.ledger, config)), loop.directory.metrics_file)


def fill(ledger: LedgerWriter, search: Search, cycle: int, networks: dict[int, str]) -> None:
    """Write and judge one cycle, as the loop does."""
    while (batch := search.due(cycle)) is not None:
        prompts = {index: each.program for index, each in batch.unwritten.items()}
        ledger.add_candidates(
            [answered(each, cycle, index) for index, each in prompts.items() if isinstance(each, Prompt)]
        )
        for candidate in ledger.unevaluated(cycle):
            evaluation, admission = judgement(candidate, networks)
            ledger.add_judgement(evaluation, admission)
            search.hear(Trial(candidate, evaluation, admission))


def reports(ledger: Ledger, config: RunConfig) -> Iterator[CycleReport]:
    """Yield a report of each complete cycle: its own counts, the figures of the first one's programs."""
    first = None
    for cycle in ledger.completed_cycles():
        if first is None:
            first = cycle_report(ledger, cycle, config)
        judged = ledger.judged(cycle)
        yield first.model_copy(
            update={
                "cycle": cycle,
                "statuses": dict(sorted(Counter(row.evaluation.status for row in judged).items())),
                "reasons": dict(sorted(Counter(row.admission.reason for row in judged).items())),
            }
        )
