"""How programs of our own grammar fail, in the words of the evaluator, found by running many in one process.

A program is parsed, executed, built and given two images, as a probe of the sandbox begins; a test holds the
words against the sandbox's own. This is *not* a sandbox: no isolation, so it is for programs of the grammar
and seeded faults of them alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Sequence

from corpus.programs.contract import syntax_breach
from corpus.programs.parsing import parse
from corpus.records.tasks.shape import TaskShape
from generator.edits.faults import Fault

_FILE = "<program>"
_MOST_CHARACTERS = 500
"""Of a message; as in the record of an evaluation."""


def faults(sources: Sequence[str], shapes: Sequence[TaskShape], caps: Sequence[int]) -> list[Fault | None]:
    """Return how each program fails for images and classes of its shape; None where it runs.

    The status is told apart no further than the prompts for the embedded model need: SYNTAX_ERROR, or
    RUNTIME_ERROR for all else.

    Args:
        sources: The programs.
        shapes: Their tasks.
        caps: Most trainable parameters of each.

    Raises:
        subprocess.CalledProcessError: A program took the process down.
    """
    cases = [
        {"source": source, "shape": shape.model_dump(mode="json"), "cap": cap}
        for source, shape, cap in zip(sources, shapes, caps, strict=True)
    ]
    done = subprocess.run(
        [sys.executable, "-m", "generator.pretraining.failing"],
        input=json.dumps(cases), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [None if each is None else Fault(*each) for each in found]


def _fault(source: str, shape: TaskShape, cap: int) -> Fault | None:
    import torch

    try:
        parse(source)
    except SyntaxError as error:
        return Fault("SYNTAX_ERROR", "lint", None, str(syntax_breach(error)))
    torch.manual_seed(0)
    stage = "import"
    try:
        scope: dict[str, object] = {"__name__": "candidate"}
        exec(compile(source, _FILE, "exec", dont_inherit=True), scope)
        stage = "init"
        images = torch.randn(2, shape.channels, shape.height, shape.width)
        settings = {"lr": 0.01, "momentum": 0.9, "dropout": 0.2}
        device = torch.device("cpu")
        net = scope["Net"]((1, *images.shape[1:]), (shape.classes,), settings, device)  # type: ignore[operator]
        count = sum(each.numel() for each in net.parameters() if each.requires_grad)
        if count > cap:
            return Fault("CONTRACT_ERROR", stage, None, f"{count:,} trainable parameters, the cap is {cap:,}")
        stage = "forward"
        net.eval()
        with torch.no_grad():
            scores = net(images)
        if tuple(scores.shape) != (2, shape.classes):
            wrong = f"forward returned shape {tuple(scores.shape)}, not {(2, shape.classes)}"
            return Fault("SHAPE_ERROR", stage, None, wrong)
    except Exception as error:  # noqa: BLE001 - the program's boundary
        frames = traceback.walk_tb(error.__traceback__)
        lines = [line for frame, line in frames if frame.f_code.co_filename == _FILE]
        text = f"line {lines[-1]}: {error}" if lines else str(error)
        return Fault("RUNTIME_ERROR", stage, type(error).__name__, text[:_MOST_CHARACTERS])
    return None


def _main() -> None:
    """Judge the programs on standard input; write a line of JSON for each to the real standard output."""
    import contextlib
    import os

    import torch

    torch.set_num_threads(1)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for case in json.load(sys.stdin):
        with contextlib.redirect_stdout(sys.stderr):
            fault = _fault(case["source"], TaskShape(**case["shape"]), case["cap"])
        answers.write(json.dumps(fault) + "\n")
    answers.flush()


if __name__ == "__main__":
    _main()
