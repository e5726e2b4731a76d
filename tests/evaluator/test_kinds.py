"""Tasks of every kind in the sandbox: honest programs, programs that mean harm, probes and scripts.

The hostile programs are those of `tests/hostile` that name a task. All is done in one sandbox for each task,
in the strongest tier that this machine offers, without lint and, where slow tests run, with it.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, jaccard_score

from corpus.records.evaluations import Evaluation, EvaluationStatus
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import Transcript
from corpus.records.tasks.kinds import Metric, TaskKind
from evaluator.child import proxy
from evaluator.child.train_data import Normalisation
from evaluator.config import EvaluatorConfig, ScriptConfig
from evaluator.errors import TaskDataError
from evaluator.supernet.config import SupernetConfig
from evaluator.supernet.inherited import SupernetEvaluator
from evaluator.supervisor.marking.units import TargetUnit
from evaluator.supervisor.protocol import training_plan
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tabular.training import TableTrainer
from evaluator.tasks import Task
from tests.evaluator_programs import candidate
from tests.hostile.harness import (
    WITHOUT_AND_WITH_LINT,
    Judged,
    judge_all,
    require_no_better,
    require_unharmed,
    require_verdict,
)
from tests.hostile.suite import HostileProgram, hostile_programs_of_kinds
from tests.tasks_by_hand import program_for_any_kind, task_by_hand

TASKS = {
    task.spec.name: task
    for task in (
        *(task_by_hand(kind) for kind in TaskKind if kind is not TaskKind.SINGLE_LABEL),
        *(task_by_hand(kind, signal=True) for kind in (TaskKind.SINGLE_LABEL, TaskKind.REGRESSION)),
    )
}
CONFIG = EvaluatorConfig(
    workers=1,
    epochs=5,
    batch_size=8,
    predict_batch_size=32,
    timed_images=3,
    cpu_seconds=4,
    wall_seconds=16.0,
    memory_bytes=2**29,
    output_bytes=100_000,
    scripts=ScriptConfig(cpu_seconds=4, wall_seconds=16.0),
)
PROGRAMS = hostile_programs_of_kinds()
SCRIPT = """\
import numpy as np
for each in (train_images, train_labels):
    print(each.dtype, each.shape, round(float(each.mean()), 3), round(float(each.std()), 3))
"""


@dataclasses.dataclass
class Trial:
    """What became of everything that was done in one sandbox for each task: results by task."""

    config: EvaluatorConfig
    barriers: frozenset[str] = frozenset()
    protocols: dict[str, str] = dataclasses.field(default_factory=dict)
    judged: dict[str, Judged] = dataclasses.field(default_factory=dict)
    mlp: dict[str, Evaluation] = dataclasses.field(default_factory=dict)
    probes: dict[str, Probe] = dataclasses.field(default_factory=dict)
    scripts: dict[str, Transcript] = dataclasses.field(default_factory=dict)


@pytest.fixture(scope="module", params=WITHOUT_AND_WITH_LINT)
def trial(request: pytest.FixtureRequest) -> Trial:
    trial = Trial(CONFIG.model_copy(update={"lint": request.param}))
    cnn, mlp = program_for_any_kind("cnn"), program_for_any_kind("mlp")
    for name, task in TASKS.items():
        with SandboxedEvaluator(trial.config, task=task) as evaluator:
            assert evaluator.tier is not None
            trial.barriers = frozenset(evaluator.tier.barriers)
            trial.protocols[name] = evaluator.protocol_id
            running = [each for each in PROGRAMS if each.task == name and not each.missing(trial.barriers)]
            trial.judged[name] = judge_all(evaluator, running, {"disguised": disguised(task)}, cnn)
            (trial.mlp[name],) = evaluator.evaluate([candidate(mlp)])
            (trial.probes[name],) = evaluator.probe([cnn])
            trial.scripts[name] = evaluator.execute(SCRIPT)
    return trial


def disguised(task: Task) -> list[bytes]:
    """Return pieces of validation targets, in both units, so changed that only who changes them back can find
    them in a program's memory.
    """
    val, unit = task.val.targets, TargetUnit.of(task.train.targets, task.shape)
    pieces = [val[:2], *([unit.standardised(val[:2])] if unit else [])]
    return [bytes(byte ^ 0x55 for byte in each.tobytes()) for each in pieces]


@pytest.mark.parametrize("hostile", PROGRAMS, ids=lambda each: each.name)
def test_a_hostile_program_gets_its_verdict(trial: Trial, hostile: HostileProgram) -> None:
    require_verdict(hostile, trial.judged[hostile.task or ""], trial.barriers, trial.config)


@pytest.mark.parametrize("name", TASKS)
def test_no_hostile_program_is_good_but_by_honest_work(trial: Trial, name: str) -> None:
    require_no_better(trial.judged[name])


@pytest.mark.parametrize("name", TASKS)
def test_an_honest_program_gets_the_same_result_before_and_after_them_to_the_bit(
    trial: Trial, name: str
) -> None:
    require_unharmed(trial.judged[name])


@pytest.mark.parametrize("name", TASKS)
def test_honest_programs_pass_on_every_kind(trial: Trial, name: str) -> None:
    for result in (trial.judged[name].honest[0], trial.mlp[name]):
        assert result.status is EvaluationStatus.COMPLETE, result
        assert result.losses and result.losses[-1] < result.losses[0] and result.passes == pytest.approx(1.0)
        assert result.graph is not None and result.latency_seconds is not None
    metric = TASKS[name].shape.kind.metric
    named = "" if metric is Metric.ACCURACY else f"{metric}/"
    assert trial.protocols[name].startswith(f"{name}-v1/{named}e5/b8/s0/p")
    assert trial.judged[name].honest[0].metric is metric


@pytest.mark.parametrize("name", TASKS)
def test_the_sandbox_marks_as_one_does_by_hand(trial: Trial, name: str) -> None:
    task = TASKS[name]
    assert trial.judged[name].honest[0].accuracy == pytest.approx(
        marked_by_hand(task, answers_of(name)), abs=1e-3
    )


@cache
def answers_of(name: str) -> np.ndarray:  # type: ignore[type-arg]
    """Return the validation answers of the same network, trained in this process by the same protocol."""
    task = TASKS[name]
    plan, unit = training_plan(CONFIG, task), TargetUnit.of(task.train.targets, task.shape)
    targets = unit.standardised(task.train.targets) if unit else task.train.targets
    module = ModuleType("program")
    exec(program_for_any_kind("cnn"), module.__dict__)
    proxy.seed_everything(plan)
    prm = proxy.hyperparameters(module, plan)
    net = proxy.build(module, prm, plan)
    inputs = torch.from_numpy(task.train.inputs)
    proxy.check_forward(net, inputs, plan)
    proxy.train(net, prm, inputs, torch.from_numpy(targets), plan)
    with torch.no_grad():
        return net.eval()(Normalisation(plan)(torch.from_numpy(task.val.inputs))).double().numpy()


def marked_by_hand(task: Task, answers: np.ndarray) -> float:  # type: ignore[type-arg]
    """Return the score of answers as the network gives them, without the evaluator's own metrics."""
    targets = task.val.targets
    match task.shape.kind:
        case TaskKind.SINGLE_LABEL:
            return float((answers.argmax(1) == targets).mean())
        case TaskKind.MULTI_LABEL:
            return float(average_precision_score(targets, answers, average="macro"))
        case TaskKind.SEGMENTATION:
            return float(jaccard_score(targets.reshape(-1), answers.argmax(1).reshape(-1), average="macro"))
        case TaskKind.REGRESSION:
            train = task.train.targets.astype(np.float64)
            restored = answers * train.std() + train.mean()
            errors = [
                np.linalg.norm(a - t) / np.linalg.norm(t) for a, t in zip(restored, targets, strict=True)
            ]
            return 1.0 - float(np.mean(errors))


@pytest.mark.parametrize("name", TASKS)
def test_a_probe_says_the_shape_of_an_answer(trial: Trial, name: str) -> None:
    assert trial.probes[name].output_shape == TASKS[name].shape.output_shape, trial.probes[name]


@pytest.mark.parametrize("name", TASKS)
def test_a_script_gets_the_training_split_as_programs_learn_it(trial: Trial, name: str) -> None:
    task = TASKS[name]
    inputs, targets = (line.split(" (") for line in trial.scripts[name].output.splitlines())
    assert (inputs[0], f"({inputs[1].split(')')[0]})") == (
        str(task.train.inputs.dtype),
        str(task.train.inputs.shape),
    )
    assert targets[0] == str(task.train.targets.dtype)
    if task.shape.kind is TaskKind.REGRESSION:
        assert targets[1].endswith("0.0 1.0") or targets[1].endswith("-0.0 1.0")


def test_there_are_as_many_tricks_as_it_says() -> None:
    assert len({each.name for each in PROGRAMS}) == len(PROGRAMS) >= 25
    assert {each.task for each in PROGRAMS} <= TASKS.keys()


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("segmentation", {"flip": True}, r"evaluator\.flip .* its targets belong to places in the image"),
        ("regression", {"resize": 16}, r"evaluator\.resize .* its targets belong to places"),
        ("signal-single-label", {"resize": 16}, r"evaluator\.resize .* its inputs are signals"),
        ("multi-label", {"batch_size": 97}, "96 training images are left"),
    ],
)
def test_settings_that_would_spoil_a_task_are_refused(
    name: str, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(TaskDataError, match=said):
        SandboxedEvaluator(CONFIG.model_copy(update=settings), task=TASKS[name])


def test_a_task_without_a_baseline_is_refused() -> None:
    task = TASKS["multi-label"]
    with pytest.raises(
        TaskDataError, match="best constant answer, which programs have to beat, is not known"
    ):
        SandboxedEvaluator(
            CONFIG, task=dataclasses.replace(task, spec=dataclasses.replace(task.spec, baseline=None))
        )


def test_arrays_that_are_not_of_the_tasks_shape_are_refused() -> None:
    task = TASKS["multi-label"]
    wrong = dataclasses.replace(task.train, targets=task.train.targets.astype(np.float64))
    with pytest.raises(TaskDataError, match=r"its targets are float64 \(96, 3\), not float32"):
        SandboxedEvaluator(CONFIG, task=dataclasses.replace(task, train=wrong))


@pytest.mark.parametrize("name", ["segmentation", "signal-single-label"])
def test_a_supernet_refuses_what_it_cannot_tell(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluator.supernet.inherited.task_spec", lambda _: TASKS[name].spec)
    config = SupernetConfig(operators=("none", "skip"), width=4, reductions=1)
    with pytest.raises(
        TaskDataError, match=r"tells the classes of images apart\. Leave evaluator\.supernet out"
    ):
        SupernetEvaluator(config, lambda _: None, tmp_path)


def test_no_table_is_made_of_what_is_no_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluator.tabular.training.load_task", lambda *_, **__: TASKS["regression"])
    with pytest.raises(TaskDataError, match="one of regression, and a table holds accuracies"):
        TableTrainer(CONFIG)
