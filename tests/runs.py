"""Small real run directories for tests of what shows runs: a configuration, a ledger, no model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus.config import CorpusConfig
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.graphs import GraphNode, NetworkGraph
from corpus.records.trainings import CycleStage, TrainingResult
from cycles.config.run import RunConfig
from cycles.config.teaching import Teachers, TeachingConfig
from cycles.run.run_directory import RunDirectory
from tests.ledgers import program, prompt

SMALL = CorpusConfig(min_accuracy=0.4)
ACCURACY = "digits/test"
RELATIVE_L2 = "darcy-v1/relative-l2/e1/b16/s0/p00000000"
MEAN_IOU = "shapes-v1/mean-iou/e1/b16/s0/p00000000"
"""Protocols, whose ids say by which metric their programs are judged."""
_WORDS = ("conv", "relu", "pool", "norm", "drop", "flat", "gelu", "tanh", "mean", "silu", "view", "pad")


def network(width: int) -> NetworkGraph:
    """Return a small network with a branch: input, convolution, relu, and a sum of both."""
    return NetworkGraph(
        nodes=(
            GraphNode(op="input", shape=(-1, 1, 8, 8)),
            GraphNode(op="parameter", shape=(width, 1, 3, 3)),
            GraphNode(op="convolution", attributes="padding=1,1", inputs=(0, 1), shape=(-1, width, 8, 8)),
            GraphNode(op="relu", inputs=(2,), shape=(-1, width, 8, 8)),
            GraphNode(op="add", inputs=(2, 3), shape=(-1, width, 8, 8)),
        )
    )


def new_run(path: Path, config: RunConfig) -> RunDirectory:
    """Return a run directory with an empty ledger."""
    directory = RunDirectory.create(path, config)
    LedgerWriter.create(directory.ledger_file).close()
    return directory


def source(index: int) -> str:
    """Return a program that differs from that of every other index."""
    words = [_WORDS[(index * step + step) % len(_WORDS)] for step in (1, 5, 7)]
    return f"# program {index}\nimport torch.nn as nn\n{program(' '.join(words))}\nwidth = {index}\n"


def append_cycle(
    ledger: LedgerWriter,
    cycle: int,
    count: int,
    *,
    valid_share: float = 0.5,
    texts: Sequence[str] = (),
    error: str = "line 3: shapes (2x384 and 96x10) do not fit",
    protocol: str = ACCURACY,
) -> None:
    """Append one judged cycle; accuracies rise with the cycle, texts replace the first sources."""
    ids = [f"c{cycle:03d}/{index:04d}" for index in range(count)]
    ledger.add_prompts(cycle, [prompt(cycle, index) for index in range(count)])
    rows = []
    for index, identifier in enumerate(ids):
        text = texts[index] if index < len(texts) else source(cycle * count + index)
        rows.append(
            Candidate(
                id=identifier,
                origin=Origin.SAMPLED,
                source=text,
                completion=text,
                prompt_id=prompt(cycle, index).id,
                cycle=cycle,
                index=index,
                parents=(f"c{cycle - 1:03d}/{index:04d}",) if cycle else (),
                generator="test",
                token_count=100,
            )
        )
    ledger.add_candidates(rows)
    for index, row in enumerate(rows):
        valid = index < valid_share * count
        judged = Evaluation(
            candidate_id=row.id,
            protocol_id=protocol,
            status=EvaluationStatus.COMPLETE if valid else EvaluationStatus.SHAPE_ERROR,
            stage=Stage.DONE if valid else Stage.FORWARD,
            accuracy=min(0.99, 0.3 + 0.1 * cycle + 0.4 * index / count) if valid else None,
            losses=(2.3, 1.5, 0.9) if valid else (),
            parameters=100 * (index + 1) if valid else None,
            wall_seconds=1.5,
            error_type=None if valid else "RuntimeError",
            error=None if valid else error[:500],
            output_tail=None if valid else error[-2000:],
            graph=network(8 + index) if valid and index < 20 else None,
        )
        ledger.add_judgement(judged, decide(judged, None, SMALL, earlier=ledger.valid_scores()))
    ledger.record_stage(cycle, CycleStage.GENERATE, 5.0)
    ledger.record_stage(cycle, CycleStage.JUDGE, 20.0)
    ledger.complete_cycle(cycle)


def write_run(
    path: Path,
    *,
    cycles: int = 3,
    count: int = 8,
    teachers: Teachers = Teachers.WINNERS,
    seed: int = 0,
    valid_share: float = 0.5,
    texts: Sequence[str] = (),
    error: str = "line 3: shapes (2x384 and 96x10) do not fit",
    protocol: str = ACCURACY,
) -> Path:
    """Write a whole run and return its directory."""
    config = RunConfig(
        cycles=cycles, candidates=count, teaching=TeachingConfig(by=teachers), seed=seed, corpus=SMALL
    )
    directory = new_run(path, config)
    with LedgerWriter.open(directory.ledger_file) as ledger:
        for cycle in range(cycles):
            if cycle and teachers is not Teachers.NOBODY:
                result = TrainingResult(
                    adapter_hash=f"adapter-{cycle}",
                    examples=4,
                    truncated=0,
                    steps=10,
                    trainable_parameters=1000,
                    seconds=3.0,
                )
                ledger.record_training(cycle, result, [f"c{cycle - 1:03d}/0000"])
                ledger.record_stage(cycle, CycleStage.TRAIN, 3.0)
            append_cycle(
                ledger, cycle, count, valid_share=valid_share, texts=texts, error=error, protocol=protocol
            )
    return path
