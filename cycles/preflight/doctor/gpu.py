"""Whether programs train on a GPU of this machine, and are contained there: found by running some.

An honest program is trained, others try to break out, to find what another left, to take too much. Where
all goes well the machine is noted as proven, and runs on its GPUs need no further word
(`cycles.machine.proofs`).

What passes here has withstood these programs; it is no proof against others. This module does *not* look at a
program's text: what lint would find is let through, as the jail is to be seen.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus
from corpus.records.mistakes import Mistake
from cycles.config.run import RunConfig
from cycles.machine.devices import check_gpu, detected_gpus
from cycles.machine.proofs import note_proof
from cycles.preflight.doctor.finding import Finding, Level, fault, ok
from cycles.preflight.doctor.gpu_programs import (
    ESCAPED,
    breaking_out,
    honest,
    leaving_and_looking,
    taking_too_much,
)
from evaluator.config import EvaluatorConfig
from evaluator.errors import NoIsolationError, SandboxError
from evaluator.isolation.gpu import device_nodes
from evaluator.supervisor.sandbox import SandboxedEvaluator

_TASK = "digits-clean"
_LIMITS = {"cpu_seconds": 4, "wall_seconds": 30.0, "memory_bytes": 2**30, "gpu_memory_bytes": 2**30}
_PROTOCOL = {"task": _TASK, "data_path": None, "table": None, "supernet": False, "lint": False, "workers": 2}
_SECRET = "what a program must not read"
_REPORT = "report it, with the line above; programs stay on the CPU (evaluator.device=cpu)"


def examine_gpu(config: RunConfig) -> Iterator[Finding]:
    """Yield what each program came to on the GPU that `config` names, `cuda` if it names none."""
    device = config.evaluator.device if config.evaluator.on_gpu else "cuda"
    try:
        check_gpu("evaluator.device", device, detected_gpus())
    except Mistake as error:
        yield fault(
            "GPU", str(error), "run archloop doctor --gpu on a machine with an NVIDIA GPU and its driver"
        )
        return
    all_well = True
    for finding in examine_device(config.evaluator, device):
        all_well &= finding.level is Level.OK
        yield finding
    if all_well:
        yield ok(
            "Proof", f"noted in {note_proof(device)}: runs with evaluator.device={device} may start here"
        )


def examine_device(settings: EvaluatorConfig, device: str) -> Iterator[Finding]:
    """Yield what each program came to on `device`.

    Args:
        settings: Of which the isolation and the precision are taken.
        device: As `evaluator.device`.
    """
    config = EvaluatorConfig.model_validate(
        {"isolation": settings.isolation, "precision": settings.precision, "device": device}
        | _PROTOCOL
        | _LIMITS
    )
    try:
        with (
            tempfile.TemporaryDirectory(prefix="archloop-gpu-") as place,
            SandboxedEvaluator(config) as sandbox,
        ):
            secret = Path(place, "secret")
            secret.write_text(_SECRET)
            yield _honest(_judged(sandbox, [honest(), honest()]), str(sandbox.isolation))
            hostile = breaking_out(str(secret), _other_devices())
            for what, judged in zip(hostile, _judged(sandbox, list(hostile.values())), strict=True):
                yield _contained(what, judged)
            left, looked = (_judged(sandbox, [program])[0] for program in leaving_and_looking())
            yield _contained("find what another left", looked if left.valid else left, shall_pass=True)
            greedy = taking_too_much(config.memory_bytes, config.gpu_memory_bytes if config.on_gpu else None)
            ended = _judged(sandbox, [program for program, _ in greedy.values()])
            for (what, (_, status)), judged in zip(greedy.items(), ended, strict=True):
                yield _stopped(what, EvaluationStatus(status), judged)
            yield _honest(_judged(sandbox, [honest(), honest()]), "after all of these")
    except NoIsolationError as error:
        yield fault("Sandbox", str(error).splitlines()[0].rstrip(":"), "archloop doctor names the remedies")
    except SandboxError as error:
        yield fault("GPU", str(error).splitlines()[0], _REPORT)


def _judged(sandbox: SandboxedEvaluator, programs: Sequence[str]) -> list[Evaluation]:
    candidates = [
        Candidate.imported(f"doctor/{index:04d}", program, generator="doctor", index=index)
        for index, program in enumerate(programs)
    ]
    return list(sandbox.evaluate(candidates))


def _honest(judged: Sequence[Evaluation], where: str) -> Finding:
    failed = next((each for each in judged if not each.valid), None)
    if failed is not None:
        return fault("Training", f"an honest program ended {failed.status}: {failed.error or '-'}", _REPORT)
    scores = sorted({f"{each.accuracy:.3f}" for each in judged})
    seconds = min(each.wall_seconds for each in judged)
    return ok("Training", f"an honest program, twice: {' and '.join(scores)} in {seconds:.1f} s ({where})")


def _contained(what: str, judged: Evaluation, *, shall_pass: bool = False) -> Finding:
    if ESCAPED in (judged.error or "") or _SECRET in f"{judged.error}{judged.output_tail}":
        return fault("Sandbox", f"a program could {what}", _REPORT)
    if shall_pass and not judged.valid:
        return fault("Sandbox", f"{what}: a program ended {judged.status}: {judged.error or '-'}", _REPORT)
    return ok("Sandbox", f"no program can {what}")


def _stopped(what: str, status: EvaluationStatus, judged: Evaluation) -> Finding:
    if judged.status is not status:
        says = (
            f"a program that takes too much {what} ended {judged.status}, not {status}: {judged.error or '-'}"
        )
        return fault("Limits", says, _REPORT)
    return ok("Limits", f"too much {what} is stopped ({status})")


def _other_devices() -> list[str]:
    """Return the device nodes of this machine that are no GPU's and may be opened by this user."""
    granted = {str(node) for node in device_nodes()} | {
        "/dev/null",
        "/dev/zero",
        "/dev/random",
        "/dev/urandom",
    }
    nodes = (str(each) for each in sorted(Path("/dev").iterdir()) if each.is_char_device())
    return [node for node in nodes if node not in granted and os.access(node, os.R_OK | os.W_OK)]
