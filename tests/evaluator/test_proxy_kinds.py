"""The proxy on tasks of every kind, in this process: what `learn` is given, which answers are taken, ONNX."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from corpus.records.evaluations import EvaluationStatus
from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.channel.layout import answer_type, tensor_names
from evaluator.channel.plan import Plan
from evaluator.child import proxy
from evaluator.child.diagnosis import Rejected
from evaluator.child.errands.onnx_export import onnx_file
from evaluator.child.speed.acceleration import prefer_channels_last
from evaluator.child.speed.warmup import warm_up
from evaluator.child.train_data import Normalisation, TrainData, TrainingSet
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.final.onnx import NotOnnx, require_network
from evaluator.supervisor.protocol import training_plan
from tests.tasks_by_hand import program_for_any_kind, task_by_hand

KINDS = [(kind, signal) for kind in TaskKind for signal in (False, True)]
OTHERS = [(kind, signal) for kind, signal in KINDS if kind is not TaskKind.SINGLE_LABEL]
CONFIG = EvaluatorConfig(epochs=3, batch_size=10)
LOSSES = {
    TaskKind.SINGLE_LABEL: nn.CrossEntropyLoss,
    TaskKind.MULTI_LABEL: nn.BCEWithLogitsLoss,
    TaskKind.SEGMENTATION: nn.CrossEntropyLoss,
    TaskKind.REGRESSION: nn.MSELoss,
}


def plan_and_data(kind: TaskKind, signal: bool) -> tuple[Plan, TrainingSet]:
    task = task_by_hand(kind, signal=signal)
    data = TrainingSet(torch.from_numpy(task.train.inputs), torch.from_numpy(task.train.targets))
    return training_plan(CONFIG, task), data


def built(plan: Plan, layers: Any = "cnn") -> tuple[nn.Module, dict[str, Any]]:
    module = ModuleType("program")
    exec(program_for_any_kind(layers), module.__dict__)
    proxy.seed_everything(plan)
    prm = proxy.hyperparameters(module, plan)
    return proxy.build(module, prm, plan), prm


@pytest.mark.parametrize(("kind", "signal"), KINDS)
def test_a_pass_gives_every_example_with_its_target(kind: TaskKind, signal: bool) -> None:
    plan, data = plan_and_data(kind, signal)
    normalised, seen = Normalisation(plan)(data.inputs), []
    for inputs, targets in TrainData(data.inputs, data.targets, plan, epoch=0):
        assert inputs.dtype is torch.float32 and inputs.shape[1:] == plan.shape.input_shape
        assert targets.dtype is data.targets.dtype and targets.shape[1:] == plan.shape.target_shape
        for one, target in zip(inputs, targets, strict=True):
            index = int((normalised == one).flatten(1).all(dim=1).nonzero().item())
            assert torch.equal(data.targets[index], target)
            seen.append(index)
    assert sorted(seen) == list(range(len(data.targets)))


def test_numbers_are_normalised_in_their_own_unit() -> None:
    task = task_by_hand(TaskKind.REGRESSION, signal=True)
    found = Normalisation(training_plan(CONFIG, task))(torch.from_numpy(task.train.inputs))
    torch.testing.assert_close(found.mean((0, 2)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.std((0, 2), correction=0), torch.ones(2), atol=1e-5, rtol=0)
    assert np.isfinite(task.train.inputs).all() and abs(task.train.inputs.mean()) > 0.1


@pytest.mark.parametrize("kind", TaskKind)
def test_the_criterion_is_the_loss_of_the_kind_and_of_this_pass_alone(kind: TaskKind) -> None:
    plan, data = plan_and_data(kind, signal=False)
    first, second = (TrainData(data.inputs, data.targets, plan, epoch).criterion for epoch in (0, 1))
    assert type(first) is LOSSES[kind] and first is not second
    answers = torch.zeros(4, *plan.shape.output_shape)
    assert torch.isfinite(first(answers, data.targets[:4]))


@pytest.mark.parametrize(("kind", "signal"), KINDS)
@pytest.mark.parametrize("layers", ["cnn", "mlp"])
def test_a_network_learns_and_answers_in_the_declared_bytes(
    kind: TaskKind, signal: bool, layers: str
) -> None:
    plan, data = plan_and_data(kind, signal)
    net, prm = built(plan, layers)
    assert proxy.check_forward(net, data.inputs, plan).output_shape == plan.shape.output_shape
    losses = proxy.train(net, prm, data.inputs, data.targets, plan)
    assert len(losses) == 16 and losses[-1] < losses[0]
    answer = np.frombuffer(proxy.predict(net, data.inputs[:5], plan), answer_type(kind))
    answers = answer.reshape(5, *plan.shape.target_shape)
    with torch.no_grad():
        scores = net(Normalisation(plan)(data.inputs[:5]))
    named = kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION)
    np.testing.assert_array_equal(answers, (scores.argmax(1) if named else scores).numpy())


@pytest.mark.parametrize(("kind", "signal"), OTHERS)
def test_an_answer_has_the_one_shape_and_finite_numbers(kind: TaskKind, signal: bool) -> None:
    plan, _ = plan_and_data(kind, signal)
    good = torch.zeros(3, *plan.shape.output_shape)
    assert torch.equal(proxy.check_scores(good.double(), 3, plan), good)
    wrong: dict[EvaluationStatus, list[object]] = {
        EvaluationStatus.SHAPE_ERROR: [
            good[:2],
            good[:, None],
            good[..., :-1],
            good.flatten(),
            (good,),
            None,
        ],
        EvaluationStatus.NON_FINITE: [good / 0, good.double() + 1e300, good - float("inf")],
        EvaluationStatus.CONTRACT_ERROR: [good.long(), good > 0, good.to(torch.complex64)],
    }
    for status, answers in wrong.items():
        for each in answers:
            with pytest.raises(Rejected) as caught:
                proxy.check_scores(each, 3, plan)
            assert caught.value.status is status


def test_a_signal_has_the_tolerances_of_images_where_classes_are_asked_for() -> None:
    plan, _ = plan_and_data(TaskKind.SINGLE_LABEL, signal=True)
    for form in ((3, 5), (3, 1, 3), (3, 3, 1, 1)):
        assert proxy.check_scores(torch.zeros(form), 3, plan).shape == (3, max(form[1:]))


@pytest.mark.parametrize(("kind", "signal"), KINDS)
def test_a_zygote_warms_up_on_every_kind(kind: TaskKind, signal: bool) -> None:
    warm_up(*plan_and_data(kind, signal))


@pytest.mark.parametrize(("kind", "signal"), KINDS)
def test_a_network_of_every_kind_becomes_onnx_under_its_names(kind: TaskKind, signal: bool) -> None:
    plan, data = plan_and_data(kind, signal)
    net, _ = built(plan)
    content = onnx_file(net.eval(), data.inputs, plan)
    require_network(content, plan.shape)
    names = tensor_names(plan.shape)
    assert names == (
        "signals" if signal else "images",
        "numbers" if kind is TaskKind.REGRESSION else "scores",
    )
    other = plan.shape.model_copy(update={"kind": TaskKind.REGRESSION, "signal": not signal})
    with pytest.raises(NotOnnx, match="other inputs or outputs"):
        require_network(content, other)


class FoldedPicture(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(x.unflatten(2, (4, 8))).mean((2, 3))


def test_no_layout_is_tried_for_inputs_that_are_signals() -> None:
    plan, data = plan_and_data(TaskKind.SINGLE_LABEL, signal=True)
    net = FoldedPicture()
    assert not prefer_channels_last(net, Normalisation(plan)(data.inputs[:2]), plan)
    assert net.convolution.weight.is_contiguous()


def test_what_a_program_may_keep_is_no_memory_to_answer_from() -> None:
    def kept(kind: TaskKind, **sides: Any) -> tuple[int, int]:
        shape = TaskShape(kind=kind, **sides)
        plan = Plan(config=CONFIG, shape=shape, train_images=100, mean=(0.0,), std=(1.0,), inputs="float32")
        return plan.max_kept_bytes, plan.inputs_bytes

    for kind in (TaskKind.SEGMENTATION, TaskKind.REGRESSION):
        most, inputs = kept(kind, channels=3, height=32, width=32, classes=5)
        assert most < inputs / 2
    images, _ = kept(TaskKind.SINGLE_LABEL, channels=3, height=32, width=32, classes=10)
    assert images == int(0.1 * 100 * 3 * 32 * 32 * 4) + 100 * (10 * 4 + 16)
