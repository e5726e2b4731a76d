"""Judging on a Ray cluster: the same evaluations as on one machine, whatever dies on the way."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus
from corpus.records.machines import Machine
from cycles.config.scale import ScaleConfig
from cycles.scale.judging import RayEvaluator
from cycles.scale.worker import this_machine
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import task_spec
from generator.grammar import sample_program
from tests.evaluator_programs import candidate, program
from tests.ray_cluster import TwoNodes, judging_workers, kill_a_worker, two_nodes

CONFIG = EvaluatorConfig(
    task="digits-clean", train_images=200, batch_size=50, cpu_seconds=15, wall_seconds=25.0
)
MEASURED = {"wall_seconds", "cpu_seconds", "peak_memory_bytes", "machine_id"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    with two_nodes() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def candidates() -> list[Candidate]:
    """Programs of the grammar, one that is none, and two that fail."""
    shape = task_spec(CONFIG.task).shape
    texts: list[str | None] = [sample_program(random.Random(seed), shape).source for seed in range(13)]
    texts += [None, program(learn="raise ValueError('no')"), program(init="self.head = ["), program()]
    return [candidate(text, index) for index, text in enumerate(texts)]


@pytest.fixture(scope="module")
def expected(candidates: list[Candidate]) -> list[Any]:
    with SandboxedEvaluator(CONFIG) as local:
        return [rows(each) for each in local.evaluate(candidates)]


def rows(evaluation: Evaluation) -> Any:
    """Return an evaluation without what is measured, its network included."""
    return evaluation.model_dump(exclude=MEASURED), evaluation.graph


def judged(
    cluster: TwoNodes,
    candidates: list[Candidate],
    events: dict[int, Callable[[], None]],
    **settings: Any,
) -> tuple[list[Evaluation], list[str]]:
    """Return the evaluations of a cluster's crew and what was noted; events happen behind some results."""
    cluster.add_node()
    notes: list[str] = []
    machines: list[Machine] = []
    scale = ScaleConfig(**{"engine": "ray", "address": cluster.address, "workers": 2} | settings)
    with RayEvaluator(scale, CONFIG, machine=machines.append, note=notes.append) as crew:
        found = []
        for number, each in zip(count(1), crew.evaluate(candidates)):
            found.append(each)
            events.get(number, lambda: None)()
    assert {machine.id for machine in machines} == {this_machine().id}
    return found, notes


def lost(notes: list[str]) -> int:
    return sum("was lost" in note for note in notes)


def test_a_worker_and_a_node_that_are_killed_midway_cost_no_row_and_double_none(
    cluster: TwoNodes, candidates: list[Candidate], expected: list[Any], capfd: pytest.CaptureFixture[str]
) -> None:
    found, notes = judged(cluster, candidates, {3: kill_a_worker, 9: cluster.kill_node})
    assert "raylet" not in capfd.readouterr().out
    assert [rows(each) for each in found] == expected
    assert {each.machine_id for each in found} == {this_machine().id}
    assert lost(notes) == 2


@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced(
    cluster: TwoNodes, candidates: list[Candidate], expected: list[Any]
) -> None:
    def hang() -> None:
        os.kill(judging_workers()[0], signal.SIGSTOP)

    found, notes = judged(cluster, candidates, {4: hang}, grace_seconds=1.0)
    assert [rows(each) for each in found] == expected
    assert lost(notes) == 1 and "takes too long" in "".join(notes)


@pytest.mark.slow
def test_a_program_with_which_every_worker_is_lost_is_crashed(
    cluster: TwoNodes, candidates: list[Candidate], expected: list[Any]
) -> None:
    found, notes = judged(cluster, candidates, {5: kill_a_worker}, workers=1, attempts=1)
    other = [each for each, known in zip(found, expected, strict=True) if rows(each) != known]
    assert [each.status for each in other] == [EvaluationStatus.CRASHED]
    assert "1 times out of 1" in str(other[0].error)
    assert lost(notes) == 1


@pytest.mark.slow
def test_a_closed_iterator_stops_the_work_and_the_crew_goes_on(
    cluster: TwoNodes, candidates: list[Candidate], expected: list[Any]
) -> None:
    cluster.add_node()
    scale = ScaleConfig(engine="ray", address=cluster.address, workers=2)
    with RayEvaluator(scale, CONFIG, machine=lambda _: None, note=lambda _: None) as crew:
        results = crew.evaluate(candidates)
        assert rows(next(results)) == expected[0]
        with pytest.raises(RuntimeError, match="already evaluating"):
            crew.execute("print(1)")
        results.close()
        assert crew.execute("print(train_images.shape)").output == "(200, 1, 8, 8)\n"
        (probe,) = crew.probe([program()])
        assert probe.output_shape == (10,)
        none_yet = [None, candidates[0], None, None, *candidates[1:3], None]
        assert [rows(each) for each in crew.evaluate(none_yet)] == expected[:3]
        assert list(crew.evaluate([])) == []
    assert judging_workers() == []
