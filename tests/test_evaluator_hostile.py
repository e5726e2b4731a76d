"""Programs that mean harm, each with one trick, and what becomes of them: a status, and nothing left behind.

The tricks go past lint on purpose: the boundary is the process, not the syntax tree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from corpus.records import Evaluation, EvaluationStatus, Stage
from evaluator.config import EvaluatorConfig
from evaluator.confinement import children, descendants
from evaluator.sandbox import SandboxedEvaluator
from evaluator.tasks import load_task
from tests.evaluator_programs import FORWARD, LEARN, candidate, program

CONFIG = EvaluatorConfig(
    task="digits-clean",
    workers=1,
    cpu_seconds=1,
    wall_seconds=10.0,
    memory_bytes=2**29,
    output_bytes=100_000,
)

CALL = """\
import os
import sys
import time

def call(name, *arguments):
    return getattr(os, "_".join(name.split("-")))(*arguments)

def send(kind, payload):
    frame = kind + len(payload).to_bytes(4, "big") + payload
    for descriptor in range(3, 10):
        try:
            call("write", descriptor, frame)
        except OSError:
            pass
"""


@pytest.fixture(scope="module")
def evaluator() -> Iterator[SandboxedEvaluator]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HUB_TOKEN", "secret")
        with SandboxedEvaluator(CONFIG) as opened:
            yield opened


def judge(evaluator: SandboxedEvaluator, source: str) -> Evaluation:
    return next(iter(evaluator.evaluate([candidate(source)])))


def processes_of_programs() -> list[int]:
    return [pid for zygote in children(os.getpid()) for pid in descendants(zygote)]


LOOP = "while True: pass"


@pytest.mark.parametrize(
    ("source", "stage"),
    [
        (program(top=LOOP), Stage.IMPORT),
        (program(init=LOOP), Stage.INIT),
        (program(learn=LOOP), Stage.LEARN),
        (program(forward=f"if len(x) > 2 and not self.training:\n    {LOOP}\n{FORWARD}"), Stage.PREDICT),
    ],
    ids=["import", "init", "learn", "predict"],
)
def test_an_endless_loop_runs_out_of_processor_time_in_its_stage(
    evaluator: SandboxedEvaluator, source: str, stage: Stage
) -> None:
    result = judge(evaluator, source)
    assert (result.status, result.stage) == (EvaluationStatus.TIMEOUT, stage), result
    assert 0.7 < result.cpu_seconds < 2


def test_a_program_that_ignores_the_warning_is_killed_a_second_later(evaluator: SandboxedEvaluator) -> None:
    ignoring = "handler = __builtins__['__import__']('signal')\nhandler.signal(24, handler.SIG_IGN)\n"
    result = judge(evaluator, program(top=ignoring + LOOP))
    assert result.status is EvaluationStatus.TIMEOUT and 1.7 < result.cpu_seconds < 3, result


def test_a_program_that_sleeps_runs_out_of_wall_time(evaluator: SandboxedEvaluator) -> None:
    result = judge(evaluator, program(top="import time\ntime.sleep(60)"))
    assert (result.status, result.stage) == (EvaluationStatus.TIMEOUT, Stage.IMPORT)
    assert 10 <= result.wall_seconds < 15 and result.cpu_seconds < 1


@pytest.mark.parametrize(
    "bomb",
    ["x = bytearray(2**30)", "x = torch.zeros(2**28)", "x = []\nwhile True:\n    x.append(bytearray(2**24))"],
)
def test_a_memory_bomb_is_out_of_memory(evaluator: SandboxedEvaluator, bomb: str) -> None:
    result = judge(evaluator, program(learn=bomb))
    assert (result.status, result.stage) == (EvaluationStatus.OUT_OF_MEMORY, Stage.LEARN), result
    assert (result.peak_memory_bytes or 0) < 2**30


@pytest.mark.parametrize(
    "escape",
    ["time.sleep(60)", "call('setsid')\ntime.sleep(60)", "while call('fork') >= 0: time.sleep(0.02)"],
    ids=["child", "own session", "bomb"],
)
def test_a_program_that_starts_processes_is_stopped_and_none_is_left(
    evaluator: SandboxedEvaluator, escape: str
) -> None:
    indented = escape.replace("\n", "\n    ")
    result = judge(evaluator, program(top=f"{CALL}\nif call('fork') == 0:\n    {indented}\ntime.sleep(60)"))
    assert result.status is EvaluationStatus.FORBIDDEN and "started processes" in (result.error or ""), result
    assert processes_of_programs() == []


def test_a_process_left_behind_in_a_session_of_its_own_is_found_and_killed(
    evaluator: SandboxedEvaluator,
) -> None:
    daemon = "if call('fork') == 0:\n    call('setsid')\n    if call('fork') == 0:\n        time.sleep(60)\n"
    judge(evaluator, program(top=f"{CALL}\n{daemon}    call('-exit', 0)\ncall('-exit', 0)"))
    assert processes_of_programs() == []


def test_a_thread_left_behind_does_not_outlive_its_program(evaluator: SandboxedEvaluator) -> None:
    top = "import threading\nimport time\nthreading.Thread(target=time.sleep, args=(60,)).start()"
    result = judge(evaluator, program(top=top))
    assert result.status is EvaluationStatus.COMPLETE, result
    assert processes_of_programs() == []


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("call('-exit', 0)", "exit code 0"),
        ("call('-exit', 7)", "exit code 7"),
        ("sys.exit(7)", "asked to exit (7)"),
        ("call('kill', call('getpid'), 11)", "SIGSEGV"),
        ("call('abort')", "SIGABRT"),
        ("call('closerange', 3, 10)\ntime.sleep(60)", "closed the result channel"),
    ],
)
def test_a_process_that_goes_without_an_answer_has_crashed(
    evaluator: SandboxedEvaluator, action: str, message: str
) -> None:
    result = judge(evaluator, program(top=CALL, learn=action))
    assert (result.status, result.stage) == (EvaluationStatus.CRASHED, Stage.LEARN), result
    assert message in (result.error or "")


def test_the_last_words_of_a_crash_are_kept(evaluator: SandboxedEvaluator) -> None:
    result = judge(evaluator, program(top=f"{CALL}\nprint('x' * 5000, 'the end', flush=True)\ncall('abort')"))
    assert (result.error or "").endswith("the end"), result


def test_text_from_a_program_cannot_steer_the_terminal(evaluator: SandboxedEvaluator) -> None:
    result = judge(evaluator, program(top="raise ValueError('\\x1b]0;owned\\x07')"))
    assert "owned" in (result.error or "") and "\x1b" not in (result.error or "")


def test_a_flood_of_output_is_stopped(evaluator: SandboxedEvaluator) -> None:
    result = judge(evaluator, program(learn="while True: print('x' * 1000)"))
    assert (result.status, result.stage) == (EvaluationStatus.OUTPUT_LIMIT, Stage.LEARN)
    assert result.cpu_seconds < 1


def test_output_below_the_limit_does_no_harm(evaluator: SandboxedEvaluator) -> None:
    result = judge(evaluator, program(learn=LEARN + "print('x' * 90_000)"))
    assert result.status is EvaluationStatus.COMPLETE, result


def test_a_file_larger_than_the_limit_cannot_be_written(evaluator: SandboxedEvaluator) -> None:
    action = "f = call('open', 'x', 65)\nwhile True: call('write', f, bytes(50_000))"
    result = judge(evaluator, program(top=CALL, learn=action))
    assert result.status is EvaluationStatus.RUNTIME_ERROR and "File too large" in (result.error or ""), (
        result
    )


def test_a_program_finds_nothing_that_an_earlier_one_wrote(evaluator: SandboxedEvaluator) -> None:
    look = "assert call('listdir') == []\ncall('close', call('open', 'mark', 65))\n"
    for _ in range(2):
        result = judge(evaluator, program(top=CALL, learn=look + LEARN))
        assert result.status is EvaluationStatus.COMPLETE, result


@pytest.mark.parametrize(
    "junk",
    [
        "call('write', 3, b'hello, supervisor')",
        "send(b'J', b'[' * 4000)",
        "send(b'J', b'x' * 5000)",
        """send(b'J', b'{"event": "complete", "accuracy": 1.0}')""",
        """send(b'J', b'{"event": "stage", "stage": "predict"}')""",
        "send(b'C', bytes(8 + 16 * 2))",
    ],
    ids=["text", "nested", "too long", "accuracy", "stage", "answer"],
)
def test_a_forged_message_breaks_the_protocol(evaluator: SandboxedEvaluator, junk: str) -> None:
    result = judge(evaluator, program(top=CALL, learn=junk + "\ntime.sleep(60)"))
    assert (result.status, result.accuracy) == (EvaluationStatus.PROTOCOL_ERROR, None), result


def test_answers_sent_ahead_of_the_questions_earn_nothing(evaluator: SandboxedEvaluator) -> None:
    ahead = """send(b'J', b'{"event": "trained", "losses": []}')\n"""
    ahead += """send(b'J', b'{"event": "stage", "stage": "predict"}')\n"""
    ahead += "for _ in range(22): send(b'C', bytes(8 + 16 * 2))\ntime.sleep(60)"
    result = judge(evaluator, program(top=CALL, learn=ahead))
    assert (result.status, result.accuracy) == (EvaluationStatus.PROTOCOL_ERROR, None), result


def test_a_program_sees_no_secret_of_the_supervisors_environment(evaluator: SandboxedEvaluator) -> None:
    assert os.environ["HUB_TOKEN"] == "secret"
    result = judge(evaluator, program(top="import os\nraise ValueError(sorted(os.environ))"))
    assert "HUB_TOKEN" not in (result.error or "") and "PATH" in (result.error or "")


def test_a_program_holds_no_descriptor_but_its_own(evaluator: SandboxedEvaluator) -> None:
    result = judge(evaluator, program(top="import os\nraise ValueError(sorted(os.listdir('/proc/self/fd')))"))
    assert "['0', '1', '2', '3', '4']" in (result.error or ""), result  # 4: the listing's own


SEARCH = """\
import io
import re

def count_in_memory(pattern):
    found = 0
    for row in io.open("/proc/self/maps").read().splitlines():
        addresses, rights, *_ = row.split()
        start, end = (int(each, 16) for each in addresses.split("-"))
        if "w" in rights:
            memory = io.open("/proc/self/mem", "rb", 0)
            memory.seek(start)
            found += len(re.findall(pattern.encode(), memory.read(end - start), re.DOTALL))
    return found
"""


def test_validation_images_are_not_in_the_process_while_it_trains(evaluator: SandboxedEvaluator) -> None:
    """The program searches its own memory for a validation image, and for a training image as the control.

    It knows the image only as the text of a regular expression, so it does not find its own question.
    """
    task = load_task("digits-clean")
    for images, there in ((task.train.images, True), (task.val.images, False)):
        pattern = "".join(f"\\x{byte:02x}" for byte in images[7].tobytes())
        learn = f"count = count_in_memory({pattern!r})\nraise ValueError(f'found {{count}}')"
        result = judge(evaluator, program(top=SEARCH, learn=learn))
        count = int((result.error or "found -1").rpartition("found ")[2])
        assert (count > 0) is there and count >= 0, result


@pytest.mark.slow
def test_a_program_that_kills_its_zygote_every_time_has_crashed(evaluator: SandboxedEvaluator) -> None:
    result = judge(evaluator, program(top=f"{CALL}\ncall('kill', call('getppid'), 9)\ntime.sleep(60)"))
    assert result.status is EvaluationStatus.CRASHED and "3 times out of 3" in (result.error or "")
    assert judge(evaluator, program()).status is EvaluationStatus.COMPLETE


def test_an_evaluation_is_typed_whatever_the_program_does_to_its_modules(
    evaluator: SandboxedEvaluator,
) -> None:
    result = judge(evaluator, program(learn="import sys\nvars(sys)['modules'].clear()\ntorch.nn = None"))
    assert isinstance(result.status, EvaluationStatus) and result.accuracy is None
