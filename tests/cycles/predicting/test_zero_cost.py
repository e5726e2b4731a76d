"""Zero-cost scores are what their papers define, computed in the sandbox, missing where a program fails."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from corpus.records.search.transcripts import ScriptEnding, Transcript
from cycles.predicting.zero_cost import SCORES, Scores, scores_in, zero_cost_scores
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import load_task
from tests.evaluator_programs import program

CONFIG = EvaluatorConfig(task="digits-clean", workers=1)
LINEAR = program(init="self.head = nn.Linear(64, out_shape[0])", forward="return self.head(x.flatten(1))")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxedEvaluator]:
    with SandboxedEvaluator(CONFIG) as opened:
        yield opened


def scores(sandbox: SandboxedEvaluator, source: str) -> Scores:
    return zero_cost_scores(sandbox.execute, source, sandbox.task.shape, CONFIG)


def test_of_one_linear_layer_the_scores_are_known(sandbox: SandboxedEvaluator) -> None:
    found = scores(sandbox, LINEAR)
    torch.manual_seed(0)
    layer = torch.nn.Linear(64, 10).double()
    with torch.no_grad():
        # On ones, R is the sum of all |theta|, and theta dR/dtheta is |theta|.
        flow = float(layer.weight.abs().sum() + layer.bias.abs().sum())
    assert found["parameters"] == 650
    assert found["synflow"] == pytest.approx(math.log10(flow))
    assert found["naswot"] is None, "there is no rectified unit"
    assert (found["gradnorm"] or 0) > 0


def test_naswot_is_the_log_determinant_of_equal_states(sandbox: SandboxedEvaluator) -> None:
    init = "self.body, self.head = nn.Linear(64, 400), nn.Linear(400, out_shape[0])"
    found = scores(
        sandbox, program(init=init, forward="return self.head(torch.relu(self.body(x.flatten(1))))")
    )
    train = load_task("digits-clean").train
    drawn = np.random.RandomState(0).permutation(len(train.inputs))[:64]
    images = np.asarray(train.inputs)[drawn].reshape(64, 64).astype(float)
    images = (images - images.mean()) / images.std(ddof=1)
    torch.manual_seed(0)
    on = (torch.nn.Linear(64, 400)(torch.tensor(images).float()) > 0).double().numpy()
    differing = (on[:, None] != on[None]).sum(-1)
    assert found["naswot"] == pytest.approx(np.linalg.slogdet(400.0 - differing)[1], rel=1e-3)


def test_normalisations_are_passed_by_and_more_width_is_more_flow(sandbox: SandboxedEvaluator) -> None:
    def network(width: int, norm: str) -> str:
        init = (
            f"self.body = nn.Sequential(nn.Conv2d(in_shape[1], {width}, 3), {norm}, nn.ReLU())\n"
            f"self.head = nn.LazyLinear(out_shape[0])"
        )
        return program(init=init, forward="return self.head(self.body(x).flatten(1))")

    plain, normed, wide = (
        scores(sandbox, network(*each))["synflow"]
        for each in ((4, "nn.Identity()"), (4, "nn.LayerNorm(6)"), (32, "nn.Identity()"))
    )
    assert plain is not None and normed is not None and wide is not None
    assert normed == pytest.approx(plain, rel=0.05) and wide > plain


def test_the_scores_of_a_program_are_the_same_every_time(sandbox: SandboxedEvaluator) -> None:
    source = program()
    assert scores(sandbox, source) == scores(sandbox, source)
    assert None not in scores(sandbox, source).values()


@pytest.mark.parametrize(
    "source",
    [
        "this is no program",
        program(init="raise RuntimeError('no')"),
        program(init="import os\nos._exit(0)"),
    ],
)
def test_a_program_that_fails_has_no_scores(sandbox: SandboxedEvaluator, source: str) -> None:
    assert scores(sandbox, source) == dict.fromkeys(SCORES)


def test_a_failure_costs_one_score_alone(sandbox: SandboxedEvaluator) -> None:
    single = program(
        forward="return self.head(self.body(x * torch.ones(1, dtype=x.dtype)).flatten(1).float())"
    )
    found = scores(sandbox, single)
    assert found["synflow"] is None and found["naswot"] is not None and found["gradnorm"] is not None


@pytest.mark.parametrize("said", ["", "[1, 2]", "nonsense", '["a", 1.0, NaN, null]'])
def test_what_is_no_finite_number_is_missing(said: str) -> None:
    from corpus.records.base import content_id

    mark = f"scores {content_id('x')}: "
    transcript = Transcript(ending=ScriptEnding.FINISHED, output=f"hello\n{mark}{said}")
    assert scores_in(transcript, "x") == dict.fromkeys(SCORES) | ({"synflow": 1.0} if "a" in said else {})
    assert scores_in(transcript.model_copy(update={"ending": ScriptEnding.CRASHED}), "x") == dict.fromkeys(
        SCORES
    )
