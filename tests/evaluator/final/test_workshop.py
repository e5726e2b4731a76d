"""The second wave's sandbox: weights that leave, come back and are measured, and programs that mean harm."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import safetensors.torch

from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.final.workshop import Training, Workshop
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import Task, load_task
from tests.evaluator_programs import INIT, candidate, program

CONFIG = EvaluatorConfig(
    task="digits-clean", epochs=2, batch_size=32, seed=5, lint=False, cpu_seconds=20, max_parameters=50_000
)
HONEST = candidate(program())


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task("digits-clean")


@pytest.fixture(scope="module")
def workshop(task: Task) -> Iterator[Workshop]:
    with Workshop(CONFIG, task) as opened:
        yield opened


@pytest.fixture(scope="module")
def training(workshop: Workshop) -> Training:
    found = workshop.train(HONEST)
    assert isinstance(found, Training), found
    return found


def test_the_weights_of_a_training_leave_as_a_file_that_others_read(training: Training) -> None:
    state = safetensors.torch.load(training.weights.content)
    assert {name: tuple(value.shape) for name, value in state.items()} == {
        "body.0.weight": (8, 1, 3, 3),
        "body.0.bias": (8,),
        "head.weight": (10, 128),
        "head.bias": (10,),
    }
    assert training.weights.numbers == 8 * 10 + 10 * 129
    assert {"lr", "momentum", "epoch_max"} <= set(training.declared)


def test_a_training_gives_the_same_weights_again(workshop: Workshop, training: Training) -> None:
    assert workshop.train(HONEST) == training


def test_the_weights_are_measured_as_their_own_program_would_answer(
    workshop: Workshop, training: Training, task: Task
) -> None:
    measured = workshop.test(HONEST, training.weights)
    assert measured.evaluation.status is EvaluationStatus.COMPLETE
    assert measured.images == len(task.read_test())
    assert measured.evaluation.accuracy == pytest.approx(share_right(training, task))


def share_right(training: Training, task: Task) -> float:
    """Return the accuracy on the test split of the same network, written here by hand."""
    import torch
    from torch import nn

    state = safetensors.torch.load(training.weights.content)
    test, shift, scale = task.read_test(), task.mean[0], task.std[0]
    images = (torch.tensor(test.inputs, dtype=torch.float32) / 255 - shift) / scale
    features = nn.functional.conv2d(images, state["body.0.weight"], state["body.0.bias"], padding=1).relu()
    pooled = nn.functional.adaptive_avg_pool2d(features, 4).flatten(1)
    scores = nn.functional.linear(pooled, state["head.weight"], state["head.bias"])
    return float(np.mean(scores.argmax(1).numpy() == test.targets))


def test_a_training_here_sees_the_validation_images_too(workshop: Workshop, task: Task) -> None:
    count = "raise RuntimeError(f'{sum(len(labels) for _, labels in train_data)} images')"
    found = workshop.train(candidate(program(learn=count)))
    assert isinstance(found, Evaluation)
    assert found.error is not None and f"{len(task.train) + len(task.val)} images" in found.error


def test_the_answers_are_timed_one_image_at_a_time(workshop: Workshop, training: Training) -> None:
    rehearsal = workshop.rehearse(HONEST, training.weights)
    assert not isinstance(rehearsal, Evaluation)
    assert len(rehearsal.seconds) == 100
    assert 0 < rehearsal.median_seconds <= rehearsal.slow_seconds < 5


def test_the_network_leaves_as_onnx(workshop: Workshop, training: Training) -> None:
    converted = workshop.convert(HONEST, training.weights)
    assert converted.content is not None, converted.note


def test_a_network_that_onnx_does_not_know_says_why_there_is_none(workshop: Workshop) -> None:
    odd = candidate(program(forward="return self.head(torch.fft.fft(self.body(x)).real.flatten(1))"))
    trained = workshop.train(odd)
    assert isinstance(trained, Training)
    converted = workshop.convert(odd, trained.weights)
    assert converted.content is None and "fft" in converted.note


def test_the_protocols_name_what_was_trained_on_and_measured(workshop: Workshop) -> None:
    assert workshop.training_id.startswith("digits-clean-v1/train+val/e2/b32/s5/p")
    assert workshop.test_id.startswith("digits-clean-v1/train+val/test/e2/b32/s5/p")
    row = Evaluation(
        candidate_id="c", protocol_id=workshop.test_id, status=EvaluationStatus.COMPLETE, stage=Stage.DONE
    )
    assert row.data_set == "digits-clean-v1"


def test_validation_accuracies_of_a_longer_training_have_another_protocol(task: Task) -> None:
    longer = SandboxedEvaluator(CONFIG.model_copy(update={"epochs": 3}), task=task)
    assert longer.protocol_id != SandboxedEvaluator(CONFIG, task=task).protocol_id


LAZY = "self.body = nn.Sequential(nn.LazyConv2d(8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4))\n"
NORMALISED = INIT.replace("nn.ReLU()", "nn.BatchNorm2d(8), nn.ReLU()")
MASKED = INIT + "self.register_buffer('mask', torch.full((4, 4), float('-inf')).triu(1))\n"


@pytest.mark.parametrize(
    "init",
    [LAZY + "self.head = nn.LazyLinear(out_shape[0])", NORMALISED, MASKED],
    ids=["lazy layers", "running means", "a mask of infinities"],
)
def test_weights_of_all_kinds_of_networks_come_back(workshop: Workshop, init: str) -> None:
    built = candidate(program(init=init))
    trained = workshop.train(built)
    assert isinstance(trained, Training), trained
    assert not isinstance(workshop.rehearse(built, trained.weights), Evaluation)


CHANNEL = """\
import json, os, pickle
def send(kind, payload):
    os.write(3, kind + len(payload).to_bytes(4, "big") + payload)
def say(**message):
    send(b"J", json.dumps(message).encode())
def trained():
    say(event="trained", losses=[], passes=1.0, kept_bytes=0)
    say(event="declared", names=["lr"])
"""
FILE = b'\x3a\0\0\0\0\0\0\0{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}    \0\0\0\0'


@pytest.mark.parametrize(
    ("learn", "status", "error"),
    [
        pytest.param(
            "trained(); send(b'F', pickle.dumps({'a': 1})); say(event='file-sent'); os._exit(0)",
            EvaluationStatus.PROTOCOL_ERROR,
            "does not fit the file",
            id="a pickle",
        ),
        pytest.param(
            "trained()\nwhile True: send(b'F', bytes(4096))",
            EvaluationStatus.PROTOCOL_ERROR,
            "a file of more than",
            id="a file without end",
        ),
        pytest.param(
            "trained(); send(b'F', bytes(4097))",
            EvaluationStatus.PROTOCOL_ERROR,
            "4097 bytes",
            id="a large part",
        ),
        pytest.param(
            f"trained(); send(b'F', {FILE[:-2]!r}); say(event='file-sent'); os._exit(0)",
            EvaluationStatus.PROTOCOL_ERROR,
            "do not end with the file",
            id="a file cut short",
        ),
        pytest.param(
            f"trained(); send(b'F', {FILE!r}); os._exit(0)",
            EvaluationStatus.CRASHED,
            "without an answer",
            id="no end",
        ),
        pytest.param(
            f"send(b'F', {FILE!r})",
            EvaluationStatus.PROTOCOL_ERROR,
            "part of a file",
            id="before it has trained",
        ),
        pytest.param(
            "say(event='file-sent')", EvaluationStatus.PROTOCOL_ERROR, "file-sent", id="the end of no file"
        ),
        pytest.param(
            "trained(); say(event='file-sent'); os._exit(0)",
            EvaluationStatus.PROTOCOL_ERROR,
            "no header",
            id="an empty file",
        ),
        pytest.param(
            "trained(); trained()", EvaluationStatus.PROTOCOL_ERROR, "'trained'", id="trained a second time"
        ),
        pytest.param(
            "say(event='declared', names=['lr'])",
            EvaluationStatus.PROTOCOL_ERROR,
            "'declared'",
            id="too early",
        ),
        pytest.param(
            "send(b'C', bytes(10))",
            EvaluationStatus.PROTOCOL_ERROR,
            "kind CLASSES",
            id="answers to no question",
        ),
    ],
)
def test_what_is_no_file_of_weights_does_not_leave(
    workshop: Workshop, learn: str, status: EvaluationStatus, error: str
) -> None:
    found = workshop.train(candidate(program(top=CHANNEL, learn=learn)))
    assert isinstance(found, Evaluation), found
    assert (found.status, error in (found.error or "")) == (status, True), found
    assert found.accuracy is None and found.protocol_id == workshop.training_id


STATE = "def state_dict(self, *_, **__):\n    {}\n"


@pytest.mark.parametrize(
    ("state", "status", "error"),
    [
        pytest.param(
            "return {'../../evil': torch.zeros(1)}",
            EvaluationStatus.PROTOCOL_ERROR,
            "names are letters",
            id="a name with slashes",
        ),
        pytest.param(
            "return {'w': torch.tensor([float('nan')])}",
            EvaluationStatus.PROTOCOL_ERROR,
            "no number",
            id="no numbers",
        ),
        pytest.param("return {}", EvaluationStatus.PROTOCOL_ERROR, "0 tensors", id="nothing"),
        pytest.param(
            "return {'w': torch.zeros(10**7)}",
            EvaluationStatus.CONTRACT_ERROR,
            "the most that may",
            id="too much",
        ),
        pytest.param(
            "return {'w': 'text'}", EvaluationStatus.CONTRACT_ERROR, "holds str", id="what is no tensor"
        ),
        pytest.param(
            "return {'w': torch.zeros(1, dtype=torch.complex64)}",
            EvaluationStatus.CONTRACT_ERROR,
            "complex64",
            id="complex numbers",
        ),
        pytest.param(
            "return {str(i): torch.zeros(0) for i in range(20_000)}",
            EvaluationStatus.PROTOCOL_ERROR,
            "20,000 tensors",
            id="too many tensors",
        ),
        pytest.param(
            "raise ValueError('not mine')",
            EvaluationStatus.RUNTIME_ERROR,
            "not mine",
            id="a state that raises",
        ),
    ],
)
def test_a_state_that_is_none_does_not_leave(
    workshop: Workshop, state: str, status: EvaluationStatus, error: str
) -> None:
    source = program() + "\n".join(f"    {line}" for line in ["", *STATE.format(state).splitlines()]) + "\n"
    found = workshop.train(candidate(source))
    assert isinstance(found, Evaluation), found
    assert (found.status, error in (found.error or "")) == (status, True), found


def test_what_is_written_after_the_end_changes_nothing(workshop: Workshop) -> None:
    late = f"trained(); send(b'F', {FILE!r}); say(event='file-sent'); send(b'F', b'more'); os._exit(0)"
    found = workshop.train(candidate(program(top=CHANNEL, learn=late)))
    assert isinstance(found, Training) and found.weights.numbers == 1


def test_weights_of_another_network_are_not_loaded(workshop: Workshop, training: Training) -> None:
    other = candidate(program(init=INIT.replace("8", "4")))
    found = workshop.rehearse(other, training.weights)
    assert isinstance(found, Evaluation)
    assert found.stage is Stage.FORWARD and "state_dict" in (found.error or "")


def test_a_state_that_changes_with_every_look_is_measured_as_it_left(workshop: Workshop, task: Task) -> None:
    """What counts is what the file does: here it holds noise, whatever the process had learnt."""
    noise = "return {name: torch.rand_like(value) for name, value in super().state_dict().items()}"
    source = program() + "\n".join(f"    {line}" for line in ["", *STATE.format(noise).splitlines()]) + "\n"
    trained = workshop.train(candidate(source))
    assert isinstance(trained, Training)
    measured = workshop.test(candidate(source), trained.weights)
    assert measured.evaluation.accuracy is not None and measured.evaluation.accuracy < 0.5


def test_a_converted_file_that_is_none_is_not_kept(workshop: Workshop, training: Training) -> None:
    """The process that loads the weights sends bytes of its own in the network's place."""
    forge = "send(b'F', b'no onnx'); say(event='file-sent'); os._exit(0)"
    source = program(top=CHANNEL).replace(
        "def train_setup", f"def load_state_dict(self, *_, **__):\n        {forge}\n\n    def train_setup"
    )
    converted = workshop.convert(candidate(source), training.weights)
    assert converted.content is None and "refused" in converted.note
