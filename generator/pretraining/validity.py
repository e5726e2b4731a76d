"""A cheap, honest measure of validity: does a program build, map images to scores, and learn from one batch?

Each program is executed, nothing is guessed from its text. All run in one child process, each within its
share of processor time; a child that dies costs the program it was running, not the measurement.

This is *not* the evaluator and *not* a sandbox: no accuracy, no isolation. It is meant for programs of our
own grammar and of a model trained on nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from corpus.records.tasks.shape import TaskShape

VALID = "ok"
"""Verdict on a program that executed; any other verdict is the name of what went wrong."""


def verdicts(sources: Sequence[str | None], shapes: Sequence[TaskShape], seconds: float = 10.0) -> list[str]:
    """Return a verdict on each program: `VALID`, or in one word what went wrong.

    That word is the exception's class name, `Shape`, `NoCode`, `Timeout` or `Crash`.

    Args:
        sources: Programs, None where there is none.
        shapes: The task shape that each program was asked for.
        seconds: Processor time that a program may use.
    """
    results: list[str] = []
    while len(results) < len(sources):
        rest = [
            {"source": source, "shape": shape.model_dump()}
            for source, shape in zip(sources, shapes, strict=True)
        ][len(results) :]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "generator.pretraining.validity", str(seconds)],
                input=json.dumps(rest), capture_output=True, text=True, check=False,
                timeout=60.0 + seconds * len(rest),
            )  # fmt: skip
            output, died = done.stdout, "Crash"
        except subprocess.TimeoutExpired as expired:
            output, died = (expired.stdout or b"").decode(), "Timeout"
        results += output.split()
        if len(results) < len(sources):
            results.append(died)
    return results


def _judge(source: str, shape: TaskShape) -> str:
    import torch

    torch.manual_seed(0)
    scope: dict[str, object] = {"__name__": "candidate"}
    exec(compile(source, "<candidate>", "exec"), scope)
    names = scope["supported_hyperparameters"]()  # type: ignore[operator]
    settings = {name: {"lr": 0.01, "momentum": 0.9, "dropout": 0.2}.get(name, 0.5) for name in names}
    device = torch.device("cpu")
    images = torch.randn(4, shape.channels, shape.height, shape.width)
    labels = torch.randint(0, shape.classes, (4,))
    net = scope["Net"](tuple(images.shape), (shape.classes,), settings, device)  # type: ignore[operator]
    scores = net(images)
    if tuple(scores.shape) != (4, shape.classes):
        return "Shape"
    net.train_setup(settings)
    net.learn([(images, labels)])
    return VALID


def _main() -> None:
    """Judge the programs on standard input; write one word for each, at once, to the real standard output."""
    import contextlib
    import os
    import signal

    import torch

    torch.set_num_threads(1)
    seconds = float(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a program prints must not look like a verdict

    def expire(*_: object) -> None:
        raise TimeoutError

    # PyTorch imports some modules at the first training step: that must not count against the first program.
    probe = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(probe.parameters(), lr=0.1)
    probe(torch.zeros(1, 1)).sum().backward()
    optimizer.step()
    signal.signal(signal.SIGPROF, expire)
    for case in json.load(sys.stdin):
        verdict = "NoCode"
        if case["source"] is not None:
            try:
                signal.setitimer(signal.ITIMER_PROF, seconds)
                with contextlib.redirect_stdout(sys.stderr):
                    verdict = _judge(case["source"], TaskShape(**case["shape"]))
            except TimeoutError:
                verdict = "Timeout"
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the candidate's boundary
                verdict = type(error).__name__
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(verdict + "\n")
        answers.flush()


if __name__ == "__main__":
    _main()
