"""Programs on a GPU: what can be seen of it without one.

That is all but CUDA itself: how memory is limited where a driver reserves addresses, which devices a jail
lets through and which calls to them, that a device which does not start ends the run and is no
program's fault.
"""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from corpus.records.evaluations import EvaluationStatus
from evaluator.config import GPU_START_SECONDS, EvaluatorConfig
from evaluator.errors import SandboxError
from evaluator.isolation.gpu import device_nodes
from evaluator.isolation.probe import probe
from evaluator.isolation.tiers import Tier
from evaluator.supervisor.protocol import protocol_id
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.supervisor.zygote_process import _gpu_environment
from evaluator.tasks import task_spec
from tests.evaluator_programs import INIT, candidate, program

ROOT = Path(__file__).parents[2]
MEMORY = 256 * 2**20
CONFIG = EvaluatorConfig(
    task="digits-clean",
    workers=1,
    cpu_seconds=5,
    wall_seconds=20.0,
    memory_bytes=MEMORY,
    memory_limit="resident",
    lint=False,
)
HOLDS_TOO_MUCH = program(init=INIT + f"self.held = b'x' * {2 * MEMORY}\nimport time\ntime.sleep(5)\n")
RESERVES_ADDRESSES = program(init=INIT + f"import mmap\nself.reserved = mmap.mmap(-1, {8 * MEMORY})\n")
HAS_GPU = bool(device_nodes())


def name_of(**settings: object) -> str:
    config = EvaluatorConfig.model_validate(settings)
    return protocol_id(config, task_spec(config.task))


def test_that_it_is_a_gpu_is_in_the_id_and_which_one_is_not() -> None:
    assert name_of(device="cuda").startswith("digits-v1/cuda/e1/")
    assert name_of(device="cuda") == name_of(device="cuda:1") != name_of()
    assert name_of(gpu_memory_bytes=2**30) == name_of()
    assert name_of(device="cuda", gpu_memory_bytes=2**30) != name_of(device="cuda")
    assert name_of(gpu_unproven=True) == name_of()


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "CUDA", "mps", "meta", "cuda:1,2"])
def test_only_the_processor_and_gpus_by_number_are_devices(device: str) -> None:
    with pytest.raises(ValidationError, match="device"):
        EvaluatorConfig(device=device)


def test_addresses_cannot_be_limited_on_a_gpu() -> None:
    with pytest.raises(ValidationError, match="leave memory_limit out"):
        EvaluatorConfig(device="cuda", memory_limit="address-space")
    assert EvaluatorConfig(device="cuda").resident_limit and not EvaluatorConfig().resident_limit


def test_the_start_of_a_gpu_is_not_held_against_a_program() -> None:
    usual, on_gpu = EvaluatorConfig(workers=4).limits, EvaluatorConfig(workers=4, device="cuda").limits
    assert on_gpu.cpu_seconds == usual.cpu_seconds + GPU_START_SECONDS
    assert on_gpu.wall_seconds == usual.wall_seconds + 4 * GPU_START_SECONDS


@pytest.mark.parametrize(
    ("device", "shown", "visible"),
    [
        ("cuda", None, "0"),
        ("cuda:2", None, "2"),
        ("cuda:1", "5, 7", "7"),
        ("cuda", "GPU-8a4f", "GPU-8a4f"),
        ("cuda:1", "5", ""),
        ("cuda", "", ""),
    ],
)
def test_a_zygote_is_shown_the_one_gpu_that_is_meant(
    monkeypatch: pytest.MonkeyPatch, device: str, shown: str | None, visible: str
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert _gpu_environment(device)["CUDA_VISIBLE_DEVICES"] == visible


def test_what_lies_in_memory_is_limited_and_what_is_reserved_is_not() -> None:
    programs = [program(), HOLDS_TOO_MUCH, RESERVES_ADDRESSES]
    with SandboxedEvaluator(CONFIG) as evaluator:
        fine, held, reserved = evaluator.evaluate(map(candidate, programs, range(3)))
    assert held.status is EvaluationStatus.OUT_OF_MEMORY and str(MEMORY) in (held.error or "")
    assert fine.status is reserved.status is EvaluationStatus.COMPLETE
    assert fine.accuracy == reserved.accuracy
    with SandboxedEvaluator(CONFIG.model_copy(update={"memory_limit": None})) as evaluator:
        usual, _, refused = evaluator.evaluate(map(candidate, programs, range(3)))
    assert usual.accuracy == fine.accuracy and refused.status is not EvaluationStatus.COMPLETE


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU here: archloop doctor --gpu is the test")
def test_a_device_that_does_not_start_ends_the_run_and_is_no_programs_fault() -> None:
    config = EvaluatorConfig(task="digits-clean", workers=1, device="cuda", lint=False)
    with SandboxedEvaluator(config) as evaluator:
        with pytest.raises(SandboxError, match=r"did not start in the sandbox.*\n.*doctor --gpu"):
            list(evaluator.evaluate([candidate(program())]))
        script = evaluator.execute("print(train_images.shape)")  # needs none
    assert script.output.strip().endswith("8, 8)")


IN_JAIL = """
import errno, fcntl, json, os, sys
from pathlib import Path
from evaluator.isolation.jail import Jail
from evaluator.isolation.namespaces import enter_namespaces
from evaluator.isolation.tiers import Barrier, Tier

tier, nodes = Tier(sys.argv[1]), [Path(each) for each in sys.argv[2:]]
if Barrier.NAMESPACES in tier.barriers:
    enter_namespaces()
    if pid := os.fork():
        os.waitpid(pid, 0)
        os._exit(0)
jail = Jail(tier, 2**16, nodes)
pid = os.fork()
if pid:
    os.waitpid(pid, 0)
    os._exit(0)
jail.mount_scratch()
jail.lock(jail.ruleset)
found = {}
def attempt(name, deed):
    try:
        found[name] = deed() and 0
    except OSError as error:
        found[name] = error.errno
for node in ("/dev/full", "/dev/tty"):
    attempt(node, lambda: os.close(os.open(node, os.O_RDWR)))
device = os.open(nodes[0] if nodes else "/dev/null", os.O_RDONLY)
for number in (0x4601, 0xC0204627, 0x25, 0x30000001, 0x5412, 0x8912, 0x125D):
    attempt(hex(number), lambda: fcntl.ioctl(device, number, bytes(64)))
print(json.dumps(found))
sys.stdout.flush()
os._exit(0)
"""


def in_jail(tier: Tier, *nodes: str) -> dict[str, int]:
    command = [sys.executable, "-c", IN_JAIL, tier, *nodes]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
    found: dict[str, int] = json.loads(ran.stdout)
    return found


GPU_CALLS = ("0x4601", "0xc0204627", "0x25", "0x30000001")
OTHER_CALLS = ("0x5412", "0x8912", "0x125d")


@pytest.mark.parametrize("tier", [Tier.FULL, Tier.LANDLOCK, Tier.NAMESPACES])
def test_a_jail_lets_through_the_devices_that_it_is_told_of_and_calls_of_their_kind(tier: Tier) -> None:
    works = {check.barrier for check in probe() if check.works}
    if not works.issuperset(tier.barriers):
        pytest.skip(f"this machine does not offer isolation '{tier}'")
    with_device = in_jail(tier, "/dev/full")
    assert with_device["/dev/full"] is None or with_device["/dev/full"] == 0
    assert with_device["/dev/tty"] in (errno.ENOENT, errno.EACCES)
    assert {with_device[call] for call in GPU_CALLS} == {errno.ENOTTY}, "let through to the device"
    assert {with_device[call] for call in OTHER_CALLS} == {errno.EPERM}
    without = in_jail(tier)
    assert without["/dev/full"] in (errno.ENOENT, errno.EACCES)
    assert {without[call] for call in (*GPU_CALLS, *OTHER_CALLS)} == {errno.EPERM}


def test_device_nodes_are_those_that_cuda_opens(tmp_path: Path) -> None:
    for name in (
        "nvidia0",
        "nvidia12",
        "nvidiactl",
        "nvidia-uvm",
        "nvidia-uvm-tools",
        "nvidia-modeset",
        "kvm",
    ):
        (tmp_path / name).touch()
    found = [node.name for node in device_nodes(tmp_path)]
    assert found == ["nvidia-uvm", "nvidia0", "nvidia12", "nvidiactl"]
