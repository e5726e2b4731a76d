"""Hyperparameters that a candidate brings along reach its program, and that program alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.hyperparameters import fitting
from evaluator.channel.proxy_config import ProxyConfig
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from tests.evaluator_programs import INIT, LEARN, candidate, program

OWN = fitting({"lr": 0.02, "momentum": 0.5, "dropout": 0.1, "batch": 32, "weight_decay": 0.01, "width": 0.25})
TOLD = """\
raise ValueError(f"{prm['lr']} {prm['momentum']} {prm['dropout']} {prm['batch']} {prm.get('width')}")
"""
BATCHES = """\
for inputs, labels in train_data:
    raise ValueError(f"batch {len(inputs)}")
"""


@pytest.fixture(scope="module")
def evaluator() -> Iterator[SandboxedEvaluator]:
    with SandboxedEvaluator(EvaluatorConfig(workers=1)) as evaluator:
        yield evaluator


def test_the_program_is_handed_its_own_and_the_next_one_the_protocols(evaluator: SandboxedEvaluator) -> None:
    plain = candidate(program(init=TOLD))
    own, without = evaluator.evaluate([plain.model_copy(update={"hyperparameters": OWN}), plain])
    assert (own.error or "").endswith(": 0.02 0.5 0.1 32 0.25")
    assert (without.error or "").endswith(": 0.01 0.9 0.2 16 None")
    assert own.protocol_id == without.protocol_id


def test_the_batch_is_of_the_size_that_it_names(evaluator: SandboxedEvaluator) -> None:
    plain = candidate(program(learn=BATCHES))
    own, without = evaluator.evaluate([plain.model_copy(update={"hyperparameters": OWN}), plain])
    assert (own.error or "").endswith("batch 32") and (without.error or "").endswith("batch 16")


def test_they_change_how_a_network_is_trained(evaluator: SandboxedEvaluator) -> None:
    plain = candidate(program(init=INIT, learn=LEARN))
    slow = plain.model_copy(update={"hyperparameters": fitting({"lr": 1e-5, "momentum": 0.0})})
    good, bad = evaluator.evaluate([plain, slow])
    assert good.status is EvaluationStatus.COMPLETE and good.losses[-1] < bad.losses[-1]


def test_what_follows_from_the_protocol_is_not_theirs_to_say() -> None:
    told = ProxyConfig().told(fitting({"epoch": 1, "transform": 1, "T_max": 1, "lr": 0.5}))
    assert told.prm(["epoch", "T_max"]) == ProxyConfig(lr=0.5).prm(["epoch", "T_max"])


def test_the_protocols_own_further_ones_still_hold() -> None:
    told = ProxyConfig(hyperparameters={"weight_decay": 0.1, "width": 0.5}).told(fitting({"width": 0.75}))
    assert told.hyperparameters == {"weight_decay": 0.1, "width": 0.75}
