"""Small real runs for tests of studies: accuracies as given, each evaluation under a protocol with a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from cycles.config.run import RunConfig
from cycles.run.run_directory import RunDirectory
from tests.ledgers import candidate, program, prompt

WORDS = (
    "conv relu",
    "linear gelu",
    "norm tanh",
    "gru silu",
    "mish fold",
    "elu pad",
    "pool drop",
    "flat crop",
)


def evaluation(
    of: Candidate, accuracy: float | None, seed: int, parameters: int = 1000, task: str = "digits-v1"
) -> Evaluation:
    complete = accuracy is not None
    return Evaluation(
        candidate_id=of.id,
        protocol_id=f"{task}/e1/b16/s{seed}/p{seed % 2**16:08x}",
        status=EvaluationStatus.COMPLETE if complete else EvaluationStatus.SHAPE_ERROR,
        stage=Stage.DONE if complete else Stage.FORWARD,
        accuracy=accuracy,
        parameters=parameters if complete else None,
    )


def write_search(
    path: Path,
    config: RunConfig,
    cycles: Sequence[Sequence[float | None]],
    *,
    parameters: int = 1000,
    task: str = "digits-v1",
) -> Path:
    """Write a run with the given accuracies, None for a program that failed; return its directory."""
    directory = RunDirectory.create(path, config)
    with LedgerWriter.create(directory.ledger_file) as ledger:
        for cycle, scores in enumerate(cycles):
            rows = [
                candidate(cycle, index, program(f"{WORDS[index]} c{cycle}s{config.seed}"))
                for index in range(len(scores))
            ]
            ledger.add_prompts(cycle, [prompt(cycle, index) for index in range(len(scores))])
            ledger.add_candidates(rows)
            for row, score in zip(rows, scores, strict=True):
                judged = evaluation(row, score, config.evaluator.seed, parameters, task)
                ledger.add_judgement(judged, decide(judged, None, config.corpus))
            ledger.complete_cycle(cycle)
    return path


def add_retests(path: Path, accuracies: Mapping[tuple[str, int], float | None]) -> None:
    """Append re-tests, by candidate and seed, to a run's ledger."""
    directory = RunDirectory(path)
    with LedgerWriter.open(directory.ledger_file) as ledger:
        by_id = {row.id: row for row in ledger.candidates()}
        for (identifier, seed), accuracy in accuracies.items():
            ledger.add_evaluation(evaluation(by_id[identifier], accuracy, seed))
