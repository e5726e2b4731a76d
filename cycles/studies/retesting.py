"""Trains the best network of a finished run anew, on seeds of the protocol that the search never saw.

Each re-test is an ordinary judgement in the sandbox, appended to the run's ledger under its own protocol id;
it decides nothing there. What is due, and on which seeds, says `cycles.figures.studies.retests`. The test
split is *not* read.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import groupby
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate
from corpus.records.machines import Machine
from cycles.assembly import open_ledger
from cycles.carrying import carrier_of
from cycles.config.run import RunConfig
from cycles.config.study import RetestConfig
from cycles.errors import UsageError
from cycles.figures.status import run_status
from cycles.figures.studies.retests import Retested, Retests
from cycles.parts import build_sandbox
from cycles.run.run_directory import RunDirectory, environment


def retest_run(
    path: Path, plan: RetestConfig, *, isolation: str | None = None, tell: Callable[[str], None]
) -> Retested | None:
    """Do what is missing of a run's re-tests and return what they came to, None where nothing is valid.

    Args:
        path: The run's directory.
        plan: How many seeds, and how many networks come into question.
        isolation: How programs are contained this time; None: as the run's configuration says.
        tell: Is told of each training, a line at a time.

    Raises:
        UsageError: There is no run, or it is not finished.
    """
    directory = RunDirectory.open(path)
    config = directory.config()
    with open_ledger(directory.ledger_file) as ledger:
        state = run_status(ledger, config)
        if not state.finished:
            raise UsageError(f"{path}: the run is not finished. {state} Go on: archloop resume {path}")
        machine, carrier = ledger.add_machine(Machine.model_validate(environment())), carrier_of(ledger)
        while due := Retests.of(ledger, config).due(plan):
            for seed, rows in groupby(due, key=lambda each: each.seed):
                candidates = [carrier.candidate(each.candidate) for each in rows]
                workers = min(config.evaluator.workers, len(candidates))  # starting one takes seconds
                changed: dict[str, object] = {"seed": seed, "workers": workers}
                changed |= {} if isolation is None else {"isolation": isolation}
                _judge(ledger, config, changed, candidates, machine, tell)
        return Retests.of(ledger, config).outcome(plan)


def _judge(
    ledger: LedgerWriter,
    config: RunConfig,
    changed: dict[str, object],
    candidates: list[Candidate],
    machine: str,
    tell: Callable[[str], None],
) -> None:
    evaluator_config = config.evaluator.model_copy(update=changed)
    with (
        build_sandbox(config.model_copy(update={"evaluator": evaluator_config})) as evaluator,
        closing(evaluator.evaluate(candidates)) as results,
    ):
        for result in results:
            ledger.add_evaluation(result.model_copy(update={"machine_id": result.machine_id or machine}))
            metric = result.metric
            score = result.accuracy
            accuracy = f"no {metric.words}" if score is None else f"{metric.words} {metric.of(score):.3f}"
            tell(f"re-test of {result.candidate_id}, {result.protocol_id}: {result.status}, {accuracy}")
