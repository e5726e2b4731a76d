"""Programs that mean harm, each with one trick, and what becomes of them: a status, and nothing left behind.

The programs are in `tests/hostile`. All are judged twice, in the strongest tier that this machine offers:
with lint, and without it, so that the boundary itself is tested. After each, canaries outside are looked at.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from evaluator.child.confinement import children, descendants
from evaluator.config import EvaluatorConfig
from evaluator.errors import SandboxError
from evaluator.isolation.probe import probe
from evaluator.isolation.tiers import choose_tier
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import load_task
from tests.evaluator_programs import FORWARD, LEARN, candidate, program
from tests.hostile.canaries import Canaries
from tests.hostile.harness import (
    WITHOUT_AND_WITH_LINT,
    Judged,
    judge_all,
    require_no_better,
    require_unharmed,
    require_verdict,
)
from tests.hostile.suite import HostileProgram, hostile_programs
from tests.hostile.text_bombs import text_bombs

CONFIG = EvaluatorConfig(
    task="digits-clean",
    workers=2,
    cpu_seconds=1,
    wall_seconds=5.0,
    memory_bytes=2**29,
    output_bytes=100_000,
)
PROGRAMS = [*hostile_programs(), *text_bombs()]


@dataclasses.dataclass
class Trial:
    """What became of all programs that this machine can contain.

    Attributes:
        config: How they were judged.
        secret: What none of them may have learnt.
        barriers: The barriers of isolation that were there.
        judged: Their evaluations.
        touched: The canaries that were found touched, with the program whose result had just come.
        processes: How many processes the evaluator had before the first and after the last program.
        left: Processes that were still there when the evaluator had been closed.
    """

    config: EvaluatorConfig
    secret: str
    barriers: frozenset[str]
    judged: Judged = dataclasses.field(default_factory=Judged)
    touched: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    processes: tuple[int, ...] = ()
    left: list[int] = dataclasses.field(default_factory=list)


@pytest.fixture(scope="module", params=WITHOUT_AND_WITH_LINT)
def trial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    config = CONFIG.model_copy(update={"lint": request.param})
    with Canaries(tmp_path_factory.mktemp("canaries")) as canaries:
        with SandboxedEvaluator(config) as evaluator:
            before = len(_zygotes_of_this_process())
            trial = _tried(evaluator, PROGRAMS, canaries)
            trial.processes = before, len(_zygotes_of_this_process())
        trial.left = _zygotes_of_this_process()
    return trial


def _tried(evaluator: SandboxedEvaluator, programs: list[HostileProgram], canaries: Canaries) -> Trial:
    """Judge the programs that the evaluator's tier contains, and look at the canaries after each."""
    assert evaluator.tier is not None
    trial = Trial(evaluator.config, canaries.secret, frozenset(evaluator.tier.barriers))

    def watch(name: str) -> None:
        if touched := canaries.touched():
            trial.touched[name] = touched

    running = [each for each in programs if each.missing(trial.barriers) is None]
    known = canaries.known_to_the_program(evaluator._scratch.path)
    trial.judged = judge_all(evaluator, running, known, program(), watch)
    return trial


def _zygotes_of_this_process() -> list[int]:
    """Return every process that is a zygote of ours or was forked by one, whosever child it is by now."""
    mine = f"\0{os.getpid()}\0".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if b"evaluator.child.zygote" in line and mine in line:
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("hostile", PROGRAMS, ids=lambda each: each.name)
def test_a_hostile_program_gets_its_verdict(trial: Trial, hostile: HostileProgram) -> None:
    require_verdict(hostile, trial.judged, trial.barriers, trial.config)


def test_no_evaluation_holds_a_secret(trial: Trial) -> None:
    results = trial.judged.results.items()
    assert [name for name, each in results if trial.secret in each.model_dump_json()] == []


def test_no_canary_is_touched(trial: Trial) -> None:
    assert trial.touched == {}


def test_an_honest_program_gets_the_same_result_before_and_after_them_to_the_bit(trial: Trial) -> None:
    require_unharmed(trial.judged)
    assert len(trial.judged.honest) == 2 + CONFIG.workers


def test_no_text_of_a_program_can_steer_a_terminal(trial: Trial) -> None:
    results = trial.judged.results.values()
    texts = [text for each in results for text in (each.error, each.error_type) if text]
    assert texts and all(character.isprintable() or character == "\n" for text in texts for character in text)


def test_no_hostile_program_is_accurate_but_by_honest_work(trial: Trial) -> None:
    require_no_better(trial.judged)


def test_no_process_is_left(trial: Trial) -> None:
    before, after = trial.processes
    assert after == before * CONFIG.workers  # one zygote before, one for each worker after
    assert trial.left == []


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["landlock", "namespaces"])
def test_a_weaker_tier_contains_what_its_barriers_can(
    tier: Literal["landlock", "namespaces"], tmp_path: Path
) -> None:
    config = CONFIG.model_copy(update={"lint": False, "isolation": tier})
    try:
        choose_tier(tier, probe())
    except SandboxError as error:
        pytest.skip(str(error))
    with Canaries(tmp_path) as canaries, SandboxedEvaluator(config) as evaluator:
        trial = _tried(evaluator, [each for each in PROGRAMS if each.needs], canaries)
    results = trial.judged.results
    assert len(results) > 80 and trial.touched == {}
    verdicts = {
        each.name: each.jailed.objection(results[each.name]) for each in PROGRAMS if each.name in results
    }
    assert {name: verdict for name, verdict in verdicts.items() if verdict} == {}


def test_every_canary_tells_when_it_is_touched(tmp_path: Path) -> None:
    def told(deed: Callable[[], object]) -> str:
        deed()
        first, second = canaries.touched(), canaries.touched()
        assert len(first) == 1 and second in ([], first)
        return first[0]

    abstract, datagrams = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with Canaries(tmp_path) as canaries, abstract, datagrams:
        known: dict[str, Any] = canaries.known_to_the_program(tmp_path)
        assert canaries.touched() == []
        here = "127.0.0.1"
        assert told(lambda: socket.create_connection((here, known["tcp_port"])).close()) == "TCP port"
        assert told(lambda: datagrams.sendto(b"x", (here, known["udp_port"]))) == "UDP port"
        assert told(lambda: abstract.connect("\0" + known["unix_name"])) == "abstract socket"
        for place in known["places"]:
            assert told(Path(place, known["mark"]).touch).endswith(known["mark"])
        assert told(lambda: Path(known["secret_file"]).chmod(0o777)).startswith("files")
        Path(known["secret_file"]).chmod(0o644)
        os.kill(known["victim"], signal.SIGKILL)
        time.sleep(0.2)
        assert "victim" in canaries.touched()


def test_the_suite_is_as_large_as_it_claims() -> None:
    assert len({each.name for each in PROGRAMS}) == len(PROGRAMS) >= 200


# Where nothing contains a program, its processes are still watched, and buried with it.


@pytest.fixture(scope="module")
def uncontained() -> Iterator[SandboxedEvaluator]:
    with SandboxedEvaluator(CONFIG.model_copy(update={"isolation": "unsafe", "workers": 1})) as opened:
        yield opened


def judge(evaluator: SandboxedEvaluator, source: str) -> Evaluation:
    return next(iter(evaluator.evaluate([candidate(source)])))


def processes_of_programs() -> list[int]:
    return [pid for zygote in children(os.getpid()) for pid in descendants(zygote)]


CALL = """\
import os
import time

def call(name, *arguments):
    return getattr(os, name)(*arguments)
"""


@pytest.mark.parametrize(
    "escape",
    ["time.sleep(60)", "call('setsid')\ntime.sleep(60)", "while call('fork') >= 0: time.sleep(0.02)"],
    ids=["child", "own session", "bomb"],
)
def test_without_isolation_a_program_that_starts_processes_is_stopped(
    uncontained: SandboxedEvaluator, escape: str
) -> None:
    indented = escape.replace("\n", "\n    ")
    result = judge(uncontained, program(top=f"{CALL}\nif call('fork') == 0:\n    {indented}\ntime.sleep(60)"))
    assert result.status is EvaluationStatus.FORBIDDEN and "0 processes" in (result.error or ""), result
    assert processes_of_programs() == []


def test_without_isolation_a_process_left_behind_in_its_own_session_is_found_and_killed(
    uncontained: SandboxedEvaluator,
) -> None:
    daemon = "if call('fork') == 0:\n    call('setsid')\n    if call('fork') == 0:\n        time.sleep(60)\n"
    judge(uncontained, program(top=f"{CALL}\n{daemon}    call('_exit', 0)\ncall('_exit', 0)"))
    assert processes_of_programs() == []


def test_without_isolation_a_program_still_sees_no_secret_of_the_environment(
    uncontained: SandboxedEvaluator,
) -> None:
    result = judge(uncontained, program(top="import os\nraise ValueError(sorted(os.environ))"))
    assert "PATH" in (result.error or "") and "PYTEST_CURRENT_TEST" in os.environ
    assert "PYTEST" not in (result.error or "")


def test_without_isolation_a_program_still_finds_nothing_that_an_earlier_one_wrote(
    uncontained: SandboxedEvaluator,
) -> None:
    look = "assert call('listdir') == []\ncall('close', call('open', 'mark', 65))\n"
    for _ in range(2):
        result = judge(uncontained, program(top=CALL, learn=look + LEARN))
        assert result.status is EvaluationStatus.COMPLETE, result


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


def test_validation_images_are_not_in_the_process_while_it_trains() -> None:
    """The program searches its own memory for a validation image, and for a training image as the control.

    It knows the image only as the text of a regular expression, so it does not find its own question.
    Isolation would only keep it from looking, and a slow processor needs seconds for it.
    """
    task = load_task("digits-clean")
    patient = {"isolation": "unsafe", "workers": 1, "cpu_seconds": 20, "wall_seconds": 60.0}
    with SandboxedEvaluator(CONFIG.model_copy(update=patient)) as evaluator:
        for images, there in ((task.train.inputs, True), (task.val.inputs, False)):
            pattern = "".join(f"\\x{byte:02x}" for byte in images[7].tobytes())
            learn = f"count = count_in_memory({pattern!r})\nraise ValueError(f'found {{count}}')"
            result = judge(evaluator, program(top=SEARCH, learn=learn))
            count = int((result.error or "found -1").rpartition("found ")[2])
            assert (count > 0) is there and count >= 0, result


def test_a_thread_left_behind_does_not_outlive_its_program(uncontained: SandboxedEvaluator) -> None:
    top = "import threading\nimport time\nthreading.Thread(target=time.sleep, args=(60,)).start()"
    result = judge(uncontained, program(top=top))
    assert result.status is EvaluationStatus.COMPLETE, result
    assert processes_of_programs() == []


def test_output_below_the_limit_does_no_harm(uncontained: SandboxedEvaluator) -> None:
    result = judge(uncontained, program(learn=LEARN + "print('x' * 90_000)"))
    assert result.status is EvaluationStatus.COMPLETE, result


@pytest.mark.slow
def test_a_program_that_kills_its_zygote_every_time_has_crashed(uncontained: SandboxedEvaluator) -> None:
    result = judge(uncontained, program(top=f"{CALL}\ncall('kill', call('getppid'), 9)\ntime.sleep(60)"))
    assert result.status is EvaluationStatus.CRASHED and "3 times out of 3" in (result.error or "")
    assert judge(uncontained, program()).status is EvaluationStatus.COMPLETE


def test_a_stage_that_runs_out_of_time_is_named(uncontained: SandboxedEvaluator) -> None:
    forward = f"while len(x) > 2 and not self.training: pass\n{FORWARD}"
    result = judge(uncontained, program(forward=forward))
    assert (result.status, result.stage) == (EvaluationStatus.TIMEOUT, Stage.PREDICT), result
    assert 0.7 < result.cpu_seconds < 2


def test_the_last_words_of_a_program_that_had_to_be_ended_are_kept(uncontained: SandboxedEvaluator) -> None:
    result = judge(
        uncontained, program(learn="print('x' * 5000, '\\x1b[2J step 7', flush=True)\nwhile True: pass")
    )
    assert result.status is EvaluationStatus.TIMEOUT, result
    assert (result.error or "").endswith("x ?[2J step 7") and "processor time" in (result.error or "")
