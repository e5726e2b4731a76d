"""The sandbox with well-meant programs: outcomes, determinism, order, and what is left when it ends."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from evaluator.child.confinement import children, descendants
from evaluator.config import EvaluatorConfig
from evaluator.errors import SandboxError
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.supervisor.zygote_process import ZygoteProcess
from evaluator.tasks import Examples, load_task
from tests.evaluator_programs import FORWARD, INIT, LEARN, candidate, processes_of_programs, program

CONFIG = EvaluatorConfig(
    task="digits-clean", cpu_seconds=4, wall_seconds=20.0, memory_bytes=2**29, max_parameters=50_000
)
ONE_WORKER = CONFIG.model_copy(update={"workers": 1})
SLEEPING = program(learn="import time\ntime.sleep(60)")


class UntouchableSplit:
    """A test split that fails whoever looks at it."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the test split was touched: {name}")


@pytest.fixture(scope="module")
def evaluator() -> Iterator[SandboxedEvaluator]:
    """Two workers on a task whose test split nobody may touch."""
    task = dataclasses.replace(load_task("digits-clean"), _test=UntouchableSplit())
    with SandboxedEvaluator(CONFIG, task=task) as opened:
        yield opened


def judge(evaluator: SandboxedEvaluator, source: str | None) -> Evaluation:
    return next(iter(evaluator.evaluate([candidate(source)])))


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


ATTENTION_INIT = """\
self.tokens = nn.Conv2d(in_shape[1], 16, 2, stride=2)
self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
self.norm = nn.LayerNorm(16)
self.head = nn.Linear(16, out_shape[0])
"""
ATTENTION_FORWARD = """\
x = self.tokens(x).flatten(2).transpose(1, 2)
x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
return self.head(x.mean(dim=1))
"""
SCHEDULED = """\
scheduler = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, max_lr=0.1, total_steps=len(train_data))
for inputs, labels in train_data:
    self.optimizer.zero_grad()
    loss = self.criteria(self(inputs), labels)
    loss.backward()
    self.optimizer.step()
    scheduler.step()
"""
NUMPY_HELPER = "import numpy as np\nWIDTHS = [int(width) for width in np.linspace(8, 16, 2)]"
LAZY = "self.body = nn.Sequential(nn.LazyConv2d(8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4))\n"


@pytest.mark.parametrize(
    "source",
    [
        program(),
        program(init=ATTENTION_INIT, forward=ATTENTION_FORWARD),
        program(learn=SCHEDULED),
        program(top=NUMPY_HELPER),
        program(learn=LEARN + "print('trained')\n"),
        program(init=LAZY + "self.head = nn.LazyLinear(out_shape[0])"),
    ],
    ids=["plain", "attention", "scheduler", "numpy", "prints", "lazy"],
)
def test_a_good_program_is_complete(evaluator: SandboxedEvaluator, source: str) -> None:
    result = judge(evaluator, source)
    assert (result.status, result.stage) == (EvaluationStatus.COMPLETE, Stage.DONE), result
    assert result.accuracy is not None and result.accuracy > 0.12
    assert result.wall_seconds > 0 and result.cpu_seconds > 0 and (result.peak_memory_bytes or 0) > 2**26


def test_parameters_flops_and_losses_of_a_good_program_are_recorded(evaluator: SandboxedEvaluator) -> None:
    result = judge(evaluator, program())
    convolution, head = 8 * (9 + 1), 10 * (8 * 16 + 1)
    assert result.parameters == convolution + head
    assert result.flops == 2 * (8 * 9 * 64 + 8 * 16 * 10)
    assert len(result.losses) == 16 and result.losses[-1] < result.losses[0]


MISPLACED_DROPOUT = "return self.head(torch.dropout(self.body(x).flatten(1), 0.5, True))"


def test_a_program_gets_the_same_accuracy_alone_among_others_and_in_any_worker(
    evaluator: SandboxedEvaluator,
) -> None:
    """To the bit, even for a program that drops activations while it predicts."""
    sources = [program(), program(forward=MISPLACED_DROPOUT), "x =", program(learn="raise ValueError")]

    def run(opened: SandboxedEvaluator, order: list[str]) -> list[tuple[str, tuple[object, object]]]:
        results = opened.evaluate(candidate(source, index) for index, source in enumerate(order))
        return [(order[int(row.candidate_id[-4:])], (row.accuracy, row.losses)) for row in results]

    with SandboxedEvaluator(ONE_WORKER) as single:
        first = dict(run(single, sources))
    assert first[sources[0]] != first[sources[1]]
    assert all(first[source] == outcome for source, outcome in run(evaluator, sources[::-1] * 3))


def test_evaluations_come_in_the_order_of_the_candidates(evaluator: SandboxedEvaluator) -> None:
    sources = [program(), "x =", None, program(learn="pass"), "y ="] * 3
    results = list(evaluator.evaluate(candidate(source, index) for index, source in enumerate(sources)))
    assert [row.candidate_id for row in results] == [f"test/{index:04d}" for index in range(15)]
    assert {row.protocol_id for row in results} == {evaluator.protocol_id}


def test_candidates_are_taken_only_a_few_ahead(evaluator: SandboxedEvaluator) -> None:
    taken: list[int] = []

    def endless() -> Iterator[Candidate]:
        while True:
            taken.append(len(taken))
            yield candidate("x =", len(taken))

    results = evaluator.evaluate(endless())
    next(results)
    results.close()
    assert len(taken) <= 16


def test_no_code_is_judged_without_a_process(evaluator: SandboxedEvaluator) -> None:
    result = judge(evaluator, None)
    assert (result.status, result.stage) == (EvaluationStatus.NO_CODE, Stage.EXTRACT)
    assert result.cpu_seconds == 0 and result.peak_memory_bytes is None


HEAVY = INIT.replace("8 * 16, out_shape[0]", "8 * 16, 4096")
CONSTANT = "return torch.zeros(len(x), 10) + 0 * self.head(self.body(x).flatten(1))"


@pytest.mark.parametrize(
    ("source", "status", "stage", "message"),
    [
        ("def f(:\n", EvaluationStatus.SYNTAX_ERROR, Stage.LINT, "line 1"),
        ("import torch", EvaluationStatus.CONTRACT_ERROR, Stage.LINT, "supported_hyperparameters"),
        (program(top="import socket"), EvaluationStatus.FORBIDDEN, Stage.LINT, "socket"),
        (program(top="1 / 0"), EvaluationStatus.RUNTIME_ERROR, Stage.IMPORT, "line 3: division"),
        (program(top="import absent_pkg"), EvaluationStatus.MISSING_DEPENDENCY, Stage.IMPORT, "absent_pkg"),
        (program(init=HEAVY), EvaluationStatus.CONTRACT_ERROR, Stage.INIT, "528,464 trainable parameters"),
        (program(init="pass"), EvaluationStatus.CONTRACT_ERROR, Stage.INIT, "no trainable parameters"),
        (program(init=INIT.replace("8 * 16", "99")), EvaluationStatus.SHAPE_ERROR, Stage.FORWARD, "mat1"),
        (program(forward="return self.body(x)"), EvaluationStatus.SHAPE_ERROR, Stage.FORWARD, "(2, 8, 4, 4)"),
        (program(forward="return [x]"), EvaluationStatus.SHAPE_ERROR, Stage.FORWARD, "returned list"),
        (program(forward=f"{FORWARD} / 0"), EvaluationStatus.NON_FINITE, Stage.FORWARD, "not all finite"),
        (program(learn="self.x.y"), EvaluationStatus.RUNTIME_ERROR, Stage.LEARN, "no attribute 'x'"),
        (program(forward=CONSTANT), EvaluationStatus.BELOW_CHANCE, Stage.DONE, "0.120 is wanted"),
    ],
)
def test_a_faulty_program_gets_its_status_and_stage(
    evaluator: SandboxedEvaluator, source: str, status: EvaluationStatus, stage: Stage, message: str
) -> None:
    result = judge(evaluator, source)
    assert (result.status, result.stage) == (status, stage), result
    assert message in (result.error or "")


def test_training_that_diverges_is_non_finite(evaluator: SandboxedEvaluator) -> None:
    result = judge(evaluator, program(learn="next(self.parameters()).data.fill_(float('nan'))"))
    assert (result.status, result.stage) == (EvaluationStatus.NON_FINITE, Stage.LEARN)


def test_selection_never_touches_the_test_split(evaluator: SandboxedEvaluator) -> None:
    assert isinstance(load_task("digits-clean").read_test(), Examples)
    with pytest.raises(AssertionError, match="touched"):
        len(dataclasses.replace(load_task("digits-clean"), _test=UntouchableSplit()).read_test().targets)
    assert judge(evaluator, program()).status is EvaluationStatus.COMPLETE  # on the fixture's sabotaged task


ALWAYS_THREE = "return torch.eye(10)[torch.full((len(x),), 3)] + 0 * self.head(self.body(x).flatten(1))"


def test_the_final_wave_is_marked_on_the_test_split() -> None:
    task = load_task("digits-clean")
    images = task.read_test().inputs
    task = dataclasses.replace(task, _test=Examples(images, np.full(len(images), 3)))
    with SandboxedEvaluator(ONE_WORKER, split="test", task=task) as opened:
        assert judge(opened, program(forward=ALWAYS_THREE)).accuracy == 1.0


def test_a_dead_zygote_is_replaced_and_the_program_judged_again(evaluator: SandboxedEvaluator) -> None:
    expected = judge(evaluator, program()).accuracy
    slow = program(learn="import time\ntime.sleep(1)\n" + LEARN)
    results = evaluator.evaluate(candidate(source, i) for i, source in enumerate([program(), slow, slow]))
    accuracies = [next(results).accuracy]
    os.kill(children(os.getpid())[0], signal.SIGKILL)
    accuracies += [row.accuracy for row in results]
    assert accuracies == [expected] * 3


def test_an_evaluator_outlives_the_thread_that_opened_it() -> None:
    """A zygote dies with the thread that started it, so that must not be the caller's."""
    opened = SandboxedEvaluator(ONE_WORKER)
    entering = threading.Thread(target=opened.__enter__)
    entering.start()
    entering.join()
    try:
        time.sleep(0.5)
        zygotes = children(os.getpid())
        assert judge(opened, program()).status is EvaluationStatus.COMPLETE
        assert children(os.getpid()) == zygotes
    finally:
        opened.__exit__(None, None, None)


class FailingLaunch:
    """Fails to start a zygote while it is told to."""

    def __init__(self, launch: Callable[[int], ZygoteProcess]) -> None:
        self._launch, self.failing = launch, False

    def __call__(self, number: int) -> ZygoteProcess:
        if self.failing:
            raise SandboxError("there is no memory")
        return self._launch(number)


def test_a_zygote_that_cannot_be_replaced_ends_the_evaluation_and_the_next_one_tries_again() -> None:
    with SandboxedEvaluator(ONE_WORKER) as opened:
        assert opened._pool is not None
        opened._pool._launch = launch = FailingLaunch(opened._pool._launch)
        launch.failing = True
        os.kill(children(os.getpid())[-1], signal.SIGKILL)
        with pytest.raises(SandboxError, match="no memory"):
            judge(opened, program())
        launch.failing = False
        assert judge(opened, program()).status is EvaluationStatus.COMPLETE


def test_closing_the_iterator_kills_what_is_under_way(evaluator: SandboxedEvaluator) -> None:
    results = evaluator.evaluate(candidate(source) for source in ["x =", SLEEPING, SLEEPING])
    next(results)
    time.sleep(0.5)
    started = time.monotonic()
    results.close()
    assert time.monotonic() - started < 5
    assert children(os.getpid()) and not processes_of_programs()
    assert judge(evaluator, program()).status is EvaluationStatus.COMPLETE


def test_leaving_the_block_with_programs_under_way_leaves_nothing() -> None:
    before, threads = set(descendants(os.getpid())), threading.active_count()
    with SandboxedEvaluator(ONE_WORKER) as opened:
        results = opened.evaluate(candidate(source) for source in ["x =", SLEEPING, SLEEPING])
        next(results)
        scratch = opened._scratch.path
        assert wait_until(lambda: len(set(processes_of_programs()) - before) == 1)
        started = set(descendants(os.getpid())) - before
    assert not any(alive(pid) for pid in started)
    assert threading.active_count() == threads and not scratch.exists()
    results.close()


def test_killing_the_supervisor_leaves_no_process(tmp_path: Path) -> None:
    script = tmp_path / "supervise.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from tests.evaluator.test_sandbox import ONE_WORKER, SLEEPING, SandboxedEvaluator, candidate\n"
        "with SandboxedEvaluator(ONE_WORKER) as evaluator:\n"
        "    list(evaluator.evaluate([candidate(SLEEPING)]))\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}  # where the killed one leaves its scratch directory
    with subprocess.Popen([sys.executable, str(script)], env=environment) as supervisor:
        assert wait_until(lambda: len(processes_of_programs(supervisor.pid)) == 1, 60), "none under way"
        started = descendants(supervisor.pid)
        supervisor.kill()
    assert wait_until(lambda: not any(alive(pid) for pid in started), 1)


SHARED_PRM = program(init=f"{INIT}prm.setdefault('decay', 5e-4)").replace(
    'momentum=prm["momentum"])', 'momentum=prm["momentum"], weight_decay=prm["decay"])'
)
BY_EPOCHS = program(learn=f"{LEARN}self.scheduler.step()").replace(
    'momentum=prm["momentum"])\n',
    'momentum=prm["momentum"])\n'
    '        step = int(prm.get("step_size", 0.25) * prm.get("epoch_max", 50))\n'
    "        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, step_size=step)\n",
)
ACCEPTED_BY_LEMUR = {
    "prm names the batch": program(init=f"{INIT}self.batch = int(prm['batch'])"),
    "prm names the transform": program(init=f"{INIT}self.size = prm['transform'].split('_')"),
    "prm is one object": SHARED_PRM,
    "a schedule by epochs": BY_EPOCHS.replace('{"lr", "momentum"}', '{"lr", "momentum", "step_size"}'),
    "a state of the told shape": program(
        init=f"{INIT}self.noise = torch.zeros(in_shape)",
        forward=f"x = x + self.noise[: x.shape[0]] * 0\n{FORWARD}",
    ),
    "a state beside the images": program().replace("forward(self, x)", "forward(self, x, state=None)"),
    "further scores": program(init=INIT.replace("out_shape[0]", "100")),
    "scores of one pixel": program(
        forward=f"scores = {FORWARD[7:]}\nreturn scores if self.training else scores[:, :, None, None]"
    ),
    "learn returns accuracy and loss": program(learn=f"{LEARN}return 0.5, 1.0"),
    "a device by its name": program(init=f"{INIT}self.to(str(device))"),
    "a main guard": f'{program()}\n\nif __name__ == "__main__":\n    import subprocess\n',
}


@pytest.mark.parametrize("source", ACCEPTED_BY_LEMUR.values(), ids=ACCEPTED_BY_LEMUR)
def test_what_lemur_accepts_is_complete(evaluator: SandboxedEvaluator, source: str) -> None:
    result = judge(evaluator, source)
    assert result.status is EvaluationStatus.COMPLETE, result.error


def test_resized_images_are_what_programs_see_from_the_first_step_to_the_exam() -> None:
    config = ONE_WORKER.model_copy(update={"resize": 20, "flip": True, "cpu_seconds": 20})
    check = "assert x.shape[2:] == (20, 20) == (self.height, self.height), x.shape"
    source = program(init=f"{INIT}self.height = in_shape[2]", forward=f"{check}\n{FORWARD}")
    with SandboxedEvaluator(config) as resizing:
        assert (resizing.task.shape.height, resizing.task.shape.width) == (20, 20)
        result = judge(resizing, source)
    assert result.status is EvaluationStatus.COMPLETE, result.error


BATCHES_ALONE = f"x = x.squeeze().unsqueeze(1)\n{FORWARD}"
"""A forward pass that breaks on a single image: its batch is squeezed away too."""


def test_latency_is_measured_on_request_by_the_evaluators_clock_and_changes_no_accuracy(
    evaluator: SandboxedEvaluator,
) -> None:
    slow = program(forward=f"import time\nif len(x) == 1:\n    time.sleep(0.05)\n{FORWARD}")
    with SandboxedEvaluator(ONE_WORKER.model_copy(update={"timed_images": 5})) as timing:
        assert timing.protocol_id == evaluator.protocol_id
        quick, sleepy, broken = timing.evaluate(
            map(candidate, [program(), slow, program(forward=BATCHES_ALONE)])
        )
    assert quick.accuracy == judge(evaluator, program()).accuracy
    assert quick.latency_seconds and sleepy.latency_seconds
    assert quick.latency_seconds < 0.05 <= sleepy.latency_seconds
    assert broken.valid and broken.latency_seconds is None
    assert judge(evaluator, program()).latency_seconds is None
