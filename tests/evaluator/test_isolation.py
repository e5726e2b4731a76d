"""The tiers of isolation: which one is chosen, that each contains programs, that none changes a result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.records.evaluations import EvaluationStatus
from evaluator.channel.messages import Exited
from evaluator.config import EvaluatorConfig
from evaluator.errors import SandboxError
from evaluator.isolation import landlock
from evaluator.isolation import probe as probing
from evaluator.isolation.probe import probe
from evaluator.isolation.readable import readable_paths
from evaluator.isolation.tiers import Barrier, BarrierCheck, Tier, choose_tier, describe
from evaluator.supervisor.cores import Cores
from evaluator.supervisor.printed import Printed
from evaluator.supervisor.protocol import protocol_id
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.supervisor.scratch import Scratch, remove_stale
from evaluator.supervisor.session import Ending
from evaluator.supervisor.verdict import cause
from evaluator.tasks import task_spec
from tests.evaluator_programs import candidate, program

ROOT = Path(__file__).parents[2]
CONFIG = EvaluatorConfig(task="digits-clean", workers=1, lint=False, cpu_seconds=5, wall_seconds=20.0)
REFUSED = {EvaluationStatus.FORBIDDEN, EvaluationStatus.RUNTIME_ERROR}

READS_THE_LABELS = program(init="import sklearn.datasets\nself.truth = sklearn.datasets.load_digits().target")
STARTS_A_PROCESS = program(init="import os\nif os.fork() == 0:\n    os._exit(0)\n")
OPENS_A_SOCKET = program(init="import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n")
WRITES_A_LITTLE = program(top="open('note', 'w').write('x')")


def reads(path: Path) -> str:
    return program(init=f"raise ValueError(open({str(path)!r}).read())")


def checks(*working: Barrier) -> tuple[BarrierCheck, ...]:
    return tuple(BarrierCheck(barrier=each, works=each in working, detail=f"no {each}") for each in Barrier)


@pytest.mark.parametrize(
    ("working", "tier"),
    [
        (tuple(Barrier), Tier.FULL),
        ((Barrier.LANDLOCK, Barrier.SECCOMP, Barrier.BUBBLEWRAP), Tier.LANDLOCK),
        ((Barrier.NAMESPACES, Barrier.SECCOMP), Tier.NAMESPACES),
        ((Barrier.BUBBLEWRAP, Barrier.SECCOMP), Tier.BUBBLEWRAP),
    ],
)
def test_the_strongest_tier_whose_layers_all_work_is_chosen(working: tuple[Barrier, ...], tier: Tier) -> None:
    assert choose_tier("auto", checks(*working)) is tier


@pytest.mark.parametrize("working", [(), (Barrier.LANDLOCK, Barrier.NAMESPACES), (Barrier.SECCOMP,)])
def test_without_a_tier_nothing_is_run_and_the_message_has_the_remedies(working: tuple[Barrier, ...]) -> None:
    with pytest.raises(SandboxError, match="--unsafe") as refusal:
        choose_tier("auto", checks(*working))
    for barrier in set(Barrier) - set(working):
        assert f"{barrier}: no {barrier}. Remedy:" in str(refusal.value)


def test_a_tier_asked_for_by_name_is_never_replaced_by_a_weaker_one() -> None:
    with pytest.raises(SandboxError, match="namespaces: no namespaces"):
        choose_tier("full", checks(Barrier.LANDLOCK, Barrier.SECCOMP))


def test_no_isolation_is_had_by_asking_for_it_alone() -> None:
    assert choose_tier("unsafe", checks()) is Tier.UNSAFE
    assert "NO ISOLATION" in describe(Tier.UNSAFE, checks())


def test_a_missing_layer_is_named_with_its_reason_and_its_cost() -> None:
    line = describe(Tier.LANDLOCK, checks(Barrier.LANDLOCK, Barrier.SECCOMP))
    assert "without namespaces (no namespaces)" in line and "scratch" in line


def test_the_isolation_is_no_part_of_the_protocol() -> None:
    spec = task_spec("digits-clean")
    other = CONFIG.model_copy(update={"isolation": "unsafe", "workers": 2})
    assert protocol_id(CONFIG, spec) == protocol_id(other, spec)


FOUND = {check.barrier: check for check in probe()}


def test_the_probe_reports_on_every_layer() -> None:
    assert set(FOUND) == set(Barrier)


def test_a_layer_that_lets_something_through_does_not_count(tmp_path: Path) -> None:
    def lets_through(canary: Path) -> str:
        probing._must_fail("a file outside could be read", canary.read_text)
        return ""

    canary = tmp_path / "canary"
    canary.write_text("seen")
    found = probing._try(Barrier.LANDLOCK, lets_through, canary)
    assert not found.works and found.detail == "a file outside could be read"


def opened(tier: Tier) -> SandboxedEvaluator:
    for barrier in tier.barriers:
        if not FOUND[barrier].works:
            pytest.skip(f"this machine has no {barrier}: {FOUND[barrier].detail}")
    return SandboxedEvaluator(CONFIG.model_copy(update={"isolation": str(tier)}))


@pytest.mark.parametrize("tier", [tier for tier in Tier if tier is not Tier.UNSAFE])
def test_every_tier_contains_programs_and_changes_no_result(tier: Tier, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    sources = [program(), reads(secret), READS_THE_LABELS, STARTS_A_PROCESS, OPENS_A_SOCKET, WRITES_A_LITTLE]
    with opened(tier) as evaluator:
        assert evaluator.tier is tier
        good, *refused, writes = evaluator.evaluate(candidate(each, i) for i, each in enumerate(sources))
    assert good.accuracy == pytest.approx(0.827586, abs=1e-5)
    for result in refused:
        assert result.status in {*REFUSED, EvaluationStatus.MISSING_DEPENDENCY}, result
        assert "the secret" not in (result.error or "")
    assert (writes.status is EvaluationStatus.COMPLETE) == (tier is not Tier.LANDLOCK), writes


@pytest.mark.skipif(not FOUND[Barrier.NAMESPACES].works, reason="this machine has no namespaces for us")
def test_the_scratch_is_empty_for_every_program_and_has_a_size() -> None:
    writes = program(top="import os\nassert not os.listdir('.')\nopen('left', 'w').write('x')\nos.mkdir('d')")
    floods = program(top="for i in range(100):\n    open(f'{i}', 'wb').write(bytes(100_000))")
    config = CONFIG.model_copy(update={"isolation": "full", "scratch_bytes": 2**20})
    with SandboxedEvaluator(config) as evaluator:
        first, flood, second = evaluator.evaluate(
            candidate(each, i) for i, each in enumerate([writes, floods, writes])
        )
    assert first.status is second.status is EvaluationStatus.COMPLETE
    assert "No space left" in (flood.error or "")


def test_no_file_with_labels_is_readable() -> None:
    trees = readable_paths().trees
    import sklearn

    labels = Path(sklearn.__file__).parent / "datasets" / "data" / "digits.csv.gz"
    assert labels.exists()
    assert not any(labels.is_relative_to(each) or labels.is_relative_to(each.resolve()) for each in trees)
    assert not any((ROOT / "runs").is_relative_to(each) for each in trees)


AS_IN_A_CONTAINER = """\
import errno, os, sys
import pyseccomp as seccomp
rules = seccomp.SyscallFilter(seccomp.ALLOW)
for name in ("unshare", "mount", "umount2", "pivot_root", "setns"):
    rules.add_rule(seccomp.ERRNO(errno.EPERM), name)
for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000):
    rules.add_rule(seccomp.ERRNO(errno.EPERM), "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
rules.load()
"""
JUDGE = f"""\
import json, sys
sys.path.insert(0, {str(ROOT)!r})
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from tests.evaluator.test_isolation import OPENS_A_SOCKET, READS_THE_LABELS, STARTS_A_PROCESS
from tests.evaluator_programs import candidate, program
sources = [program(), READS_THE_LABELS, STARTS_A_PROCESS, OPENS_A_SOCKET]
with SandboxedEvaluator(EvaluatorConfig(task="digits-clean", workers=1, lint=False)) as evaluator:
    results = evaluator.evaluate(candidate(each, i) for i, each in enumerate(sources))
    print(json.dumps([evaluator.tier, evaluator.isolation, *(row.status for row in results)]))
"""


def test_under_the_restrictions_of_a_container_landlock_and_seccomp_remain(tmp_path: Path) -> None:
    if not FOUND[Barrier.LANDLOCK].works:
        pytest.skip(f"this machine has no Landlock: {FOUND[Barrier.LANDLOCK].detail}")
    script = tmp_path / "contained.py"
    script.write_text(AS_IN_A_CONTAINER + JUDGE)
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    tier, line, good, *refused = json.loads(ran.stdout)
    assert (tier, good) == ("landlock", "COMPLETE") and "Operation not permitted" in line
    assert {EvaluationStatus(each) for each in refused} <= {*REFUSED, EvaluationStatus.MISSING_DEPENDENCY}


def test_an_ordinary_user_gets_the_isolation_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    interpreter = Path("/usr/bin/python3.11")
    if os.getuid() != 0 or sys.version_info[:2] != (3, 11) or not interpreter.exists():
        pytest.skip("needs root, to become somebody else, and a Python 3.11 that everybody may start")
    home = Path("/tmp", f"archloop-ordinary-{os.getpid()}")
    packages = next(each for each in sys.path if each.endswith("site-packages"))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        nobody = {"user": 65534, "group": 65534, "extra_groups": ()}
        return subprocess.run(words, capture_output=True, text=True, timeout=120, cwd="/tmp", **nobody)

    try:
        if run(str(interpreter), "-m", "venv", "--without-pip", str(home)).returncode:
            pytest.skip("that Python cannot make environments: apt-get install python3.11-venv")
        own = home / "lib" / "python3.11" / "site-packages" / "others.pth"
        own.write_text(f"{packages}\n{ROOT}\n")
        if run(str(home / "bin" / "python"), "-c", "import torch, evaluator").returncode:
            pytest.skip("the installed packages are not readable for everybody")
        ran = run(str(home / "bin" / "python"), "-c", JUDGE)
        assert ran.returncode == 0, ran.stderr
        tier, line, good, *refused = json.loads(ran.stdout)
        assert (tier, good) in {("full", "COMPLETE"), ("landlock", "COMPLETE")}, line
        assert {EvaluationStatus(each) for each in refused} <= {*REFUSED, EvaluationStatus.MISSING_DEPENDENCY}
    finally:
        subprocess.run(["rm", "-rf", str(home)])


def test_two_evaluators_do_not_take_the_same_processors() -> None:
    available = sorted(os.sched_getaffinity(0))
    first, second = Cores(1, 1), Cores(1, 1)
    taken = [*first.of_worker(0), *second.of_worker(0)]
    first.release()
    second.release()
    assert len(taken) == len(set(taken)) and set(taken) <= set(available)


def test_a_worker_beyond_the_processors_runs_where_the_kernel_puts_it() -> None:
    cores = Cores(1 + len(os.sched_getaffinity(0)), 1)
    assert cores.of_worker(0) == ()
    cores.release()


def squat_with_a_link(place: Path, elsewhere: Path) -> None:
    place.symlink_to(elsewhere)


def squat_with_an_open_folder(place: Path, elsewhere: Path) -> None:
    place.mkdir()
    place.chmod(0o777)
    for core in os.sched_getaffinity(0):
        (place / str(core)).symlink_to(elsewhere / f"made-{core}")


def squat_with_links_in_a_folder_of_ones_own(place: Path, elsewhere: Path) -> None:
    squat_with_an_open_folder(place, elsewhere)
    place.chmod(0o701)


def squat_with_a_file(place: Path, _elsewhere: Path) -> None:
    place.write_text("")


@pytest.mark.parametrize(
    "squat",
    [
        squat_with_a_link,
        squat_with_an_open_folder,
        squat_with_links_in_a_folder_of_ones_own,
        squat_with_a_file,
    ],
)
def test_a_folder_of_locks_that_others_could_have_made_is_not_touched(
    squat: Callable[[Path, Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    place = tmp_path / f"archloop-cores-{os.getuid()}"
    squat(place, elsewhere)
    cores = Cores(1, 1)
    assert cores.of_worker(0) == () and list(elsewhere.iterdir()) == []
    assert str(place) in caplog.text and "remove it" in caplog.text
    cores.release()


def test_the_folder_of_locks_is_for_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cores = Cores(1, 1)
    assert len(cores.of_worker(0)) == 1
    (place,) = tmp_path.iterdir()
    assert place.stat().st_mode & 0o777 == 0o700
    cores.release()


def test_a_link_that_looks_like_a_stale_scratch_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "lock").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "archloop-scratch-x").symlink_to(precious)
    remove_stale()
    assert (precious / "lock").exists()


@pytest.mark.parametrize("known", [1, 2])
def test_landlock_that_cannot_forbid_truncation_is_none(known: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: known)
    with pytest.raises(OSError, match=f"version {known} lets a program empty"):
        landlock.Ruleset([], [], [])


def test_shared_libraries_are_granted_with_their_package_and_with_no_other() -> None:
    granted = {path.name for path in readable_paths().trees if path.suffix == ".libs"}
    assert {"numpy.libs", "pillow.libs", "scipy.libs"} <= granted
    assert "scikit_learn.libs" not in granted


def test_a_program_may_read_pictures() -> None:
    with SandboxedEvaluator(CONFIG) as evaluator:
        (result,) = evaluator.evaluate([candidate(program(top="from PIL import Image"))])
    assert result.status is EvaluationStatus.COMPLETE, result


def ended_by(signal_number: int, cpu_seconds: float) -> EvaluationStatus:
    exited = Exited(
        job=0,
        exit_code=-signal_number,
        cpu_seconds=cpu_seconds,
        peak_memory_bytes=1,
        too_many_processes=False,
    )
    return cause(Ending(None, "", exited, Printed(), wall_seconds=1.0), CONFIG.limits)[0]


@pytest.mark.parametrize(
    ("number", "cpu_seconds", "status"),
    [
        (signal.SIGXCPU, 0.1, EvaluationStatus.CRASHED),
        (signal.SIGXCPU, 2.4, EvaluationStatus.CRASHED),
        (signal.SIGXCPU, 4.9, EvaluationStatus.TIMEOUT),
        (signal.SIGXCPU, 5.1, EvaluationStatus.TIMEOUT),
        (signal.SIGKILL, 4.9, EvaluationStatus.CRASHED),
        (signal.SIGKILL, 6.0, EvaluationStatus.TIMEOUT),
        (signal.SIGSEGV, 0.1, EvaluationStatus.CRASHED),
    ],
)
def test_the_time_is_up_only_where_it_was_used(
    number: int, cpu_seconds: float, status: EvaluationStatus
) -> None:
    assert ended_by(number, cpu_seconds) is status


def test_the_scratch_of_a_killed_evaluator_is_removed_by_the_next() -> None:
    code = textwrap.dedent(
        f"""\
        import os, sys
        sys.path.insert(0, {str(ROOT)!r})
        from evaluator.supervisor.scratch import Scratch
        scratch = Scratch()
        print(scratch.path, flush=True)
        os.kill(os.getpid(), 9)
        """
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    left = Path(ran.stdout.strip())
    assert left.is_dir()
    mine = Scratch()
    other = Scratch()
    try:
        assert not left.exists() and mine.path.is_dir()
    finally:
        mine.remove()
        other.remove()
