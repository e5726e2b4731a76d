"""A training in a process of its own, whose end gives all memory back, on a GPU as well.

Memory that a library has taken on a GPU comes back for certain only when its process ends, and a server that
shares the GPU needs all of it. The process is a fresh interpreter: it shares no state with the caller, sees
the one GPU that it was given, leaves Ctrl-C to the caller, and ends when the caller does, however that ends.

This module does *not* train (`finetune.trainer` does) and loads no torch in the calling process.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from corpus.files.whole import discard_partials
from corpus.records.mistakes import Mistake
from corpus.records.trainings import TrainingResult
from finetune.config import FinetuneConfig, FinetuneError
from finetune.job import StepCallback, TrainingJob
from finetune.trainer import LoraTrainer

_STOP_SECONDS = 20.0


@dataclass(frozen=True)
class _Order:
    """What the process is told: a training, by whom, and under which surroundings."""

    model: str | Path
    config: FinetuneConfig
    job: TrainingJob
    variables: Mapping[str, str]
    log_level: int


class ProcessTrainer:
    """Trains as `LoraTrainer` does, with the same results, each time in a process of its own."""

    def __init__(self, model: str | Path, config: FinetuneConfig) -> None:
        """Bind a base model to a configuration; see `LoraTrainer`."""
        LoraTrainer(model, config)  # refuses a missing model here and now
        self.model = model
        self.config = config

    def train(self, job: TrainingJob) -> TrainingResult:
        """Train an adapter as `job` says; see `LoraTrainer.train`.

        Raises:
            FinetuneError: As there.
            OSError: The process met it.
            RuntimeError: The training failed otherwise, or its process died; the message says how.
        """
        order = _Order(
            self.model,
            self.config if self.config.device == "cpu" else self.config.model_copy(update={"device": "cuda"}),
            # The callback stays here, where its caller is.
            replace(job, output_dir=job.output_dir.absolute(), on_step=None),
            visible_gpu(self.config.device, os.environ),
            logging.getLogger().getEffectiveLevel(),
        )
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_train, args=(theirs, order), name="archloop-finetune", daemon=True)
        # A blocked signal stays blocked in the new process: Ctrl-C is the caller's to answer.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()
        try:
            result = _follow(ours, process, job.on_step)
            process.join(_STOP_SECONDS)
            return result
        finally:
            _end(process)
            ours.close()
            discard_partials(job.output_dir)


def visible_gpu(device: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that show a process the GPU `device` alone, empty for the CPU.

    `cuda:1` is the second of the GPUs that this process sees. With several in sight the training library
    would spread its batches over all of them.

    Raises:
        FinetuneError: There is no such GPU among those that this process sees.
    """
    if device == "cpu":
        return {}
    number = int(device.partition(":")[2] or 0)
    seen = inherited.get("CUDA_VISIBLE_DEVICES")
    if seen is None:
        return {"CUDA_VISIBLE_DEVICES": str(number)}
    names = [name.strip() for name in seen.split(",") if name.strip()]
    if number >= len(names):
        raise FinetuneError(
            f"finetune.device is '{device}', but CUDA_VISIBLE_DEVICES shows {len(names)} GPUs: name another"
        )
    return {"CUDA_VISIBLE_DEVICES": names[number]}


def _follow(connection: Connection, process: Any, on_step: StepCallback | None) -> TrainingResult:
    """Return the result that the process reports, passing its progress and its log on."""
    while True:
        try:
            kind, content = connection.recv()
        except EOFError:
            process.join(_STOP_SECONDS)
            raise RuntimeError(_cause_of_death(process.exitcode)) from None
        if kind == "step" and on_step is not None:
            on_step(*content)
        elif kind == "log":
            log = logging.getLogger(content.name)
            if log.isEnabledFor(content.levelno):  # who is not heard here is not heard from there
                log.handle(content)
        elif kind == "mistake":
            raise FinetuneError(content)
        elif kind == "refusal":
            raise OSError(*content)
        elif kind == "failure":
            raise RuntimeError(f"the training failed in its process:\n{content}")
        elif kind == "result":
            return TrainingResult.model_validate_json(content)


def _cause_of_death(status: int | None) -> str:
    if status == -signal.SIGKILL:
        return "the training's process was killed: probably the machine ran out of memory (see dmesg)"
    return f"the training's process died (exit status {status}); its last words are on standard error"


def _end(process: Any) -> None:
    """Return when the process is gone, after a push where it would go on."""
    for push in (process.terminate, process.kill):
        if process.is_alive():
            push()
            process.join(_STOP_SECONDS)


def _train(connection: Connection, order: _Order) -> None:
    """Train in this process and report over `connection`."""
    os.environ.update(order.variables)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # leaves by way of `finally`
    threading.Thread(target=_end_with_caller, args=(connection,), daemon=True).start()
    root = logging.getLogger()
    root.handlers, root.level = [_Forward(connection)], order.log_level

    def report(step: int, total: int, loss: float) -> None:
        connection.send(("step", (step, total, loss)))

    try:
        result = LoraTrainer(order.model, order.config).train(replace(order.job, on_step=report))
    except Mistake as error:
        connection.send(("mistake", str(error)))
    except OSError as error:
        connection.send(("refusal", (error.errno, error.strerror or str(error), error.filename)))
    except Exception:  # noqa: BLE001 - the process' boundary: the caller raises what is reported
        connection.send(("failure", traceback.format_exc()))
    else:
        connection.send(("result", result.model_dump_json()))


def _end_with_caller(connection: Connection) -> None:
    """End this process when the caller's end of the pipe closes, which its death does too."""
    try:
        connection.recv()  # nothing is ever sent
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGKILL)


class _Forward(logging.Handler):
    """Hands log records to the caller's process."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._send: Callable[[Any], None] = connection.send

    def emit(self, record: logging.LogRecord) -> None:
        """Send `record` with its text filled in, since arguments may not travel."""
        record.msg, record.args, record.exc_info = self.format(record), None, None
        self._send(("log", record))
