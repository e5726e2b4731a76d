"""Static checks: what is found, with which status, on which line; and what is not: honest programs."""

from __future__ import annotations

import re
import time
import tracemalloc
from pathlib import Path

import pytest

from corpus.programs.parsing import MAX_CHARACTERS
from corpus.records.evaluations import Evaluation, EvaluationStatus
from evaluator.child.lint import lint
from evaluator.config import EvaluatorConfig
from evaluator.isolation.tiers import Isolation
from evaluator.supervisor.sandbox import SandboxedEvaluator
from tests.evaluator_programs import FORWARD, candidate, program
from tests.hostile.suite import Expectation

CONTRACT, FORBIDDEN = EvaluationStatus.CONTRACT_ERROR, EvaluationStatus.FORBIDDEN
SYNTAX = EvaluationStatus.SYNTAX_ERROR


def test_a_program_that_keeps_the_contract_passes() -> None:
    assert lint(program()) is None


def test_a_syntax_error_is_reported_with_its_line() -> None:
    breach = lint("import torch\nclass Net(:\n")
    assert breach is not None and (breach.status, breach.line) == (SYNTAX, 2)


def test_what_only_the_compiler_refuses_is_a_syntax_error() -> None:
    breach = lint(program(top="return 1"))
    assert breach is not None and breach.status is SYNTAX and "outside function" in breach.message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def supported_hyperparameters", "def hyperparameters", "no module-level function"),
        ("class Net(", "class Network(", "no module-level class Net"),
        ("(nn.Module)", "", "must derive from torch.nn.Module"),
        ("def forward", "def call", "no method forward(x)"),
        ("def train_setup", "def setup", "no method train_setup(prm)"),
        ("def learn", "def fit", "no method learn(train_data)"),
        ("in_shape, out_shape, prm, device)", "in_shape, out_shape)", "Net.__init__ must take"),
        ("def learn(self, train_data)", "def learn(self, train_data, epochs)", "Net.learn must take"),
        ("def forward(self, x)", "def forward(self, x, *, mask)", "Net.forward must take"),
        ("supported_hyperparameters()", "supported_hyperparameters(task)", "must take ()"),
        ("def learn", "async def learn", "must not be async"),
    ],
)
def test_a_breach_of_the_contract_is_named(old: str, new: str, message: str) -> None:
    source = program()
    assert old in source
    breach = lint(source.replace(old, new))
    assert breach is not None and breach.status is CONTRACT and message in breach.message


def test_a_breach_is_reported_on_the_line_of_the_method() -> None:
    source = program().replace("def forward(self, x)", "def forward(self)")
    breach = lint(source)
    assert breach is not None and breach.line is not None
    assert "def forward" in source.splitlines()[breach.line - 1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("in_shape, out_shape, prm, device)", "in_shape, out_shape, prm, device, width=8)"),
        ("in_shape, out_shape, prm, device)", "in_shape: tuple, out_shape: tuple, prm: dict, *rest)"),
        ("def forward(self, x)", "def forward(self, x, mask=None)"),
    ],
)
def test_a_signature_that_fits_the_call_passes(old: str, new: str) -> None:
    source = program()
    assert old in source and lint(source.replace(old, new)) is None


def test_methods_of_a_base_class_in_the_program_count() -> None:
    source = program().replace("class Net(", "class Trainable(") + "\n\nclass Net(Trainable):\n    pass\n"
    assert lint(source) is None


@pytest.mark.parametrize(
    "top",
    [
        "import subprocess",
        "from os import system",
        "import torch.hub",
        "from torch import hub",
        "from torchvision.datasets import CIFAR10",
        "import torchvision.datasets as sets",
        "from torchvision import datasets",
        "from sklearn.datasets import load_digits",
        "import os\nos.system('true')",
        "data = open('x')",
        "eval('1')",
        "from evaluator import tasks",
    ],
)
def test_what_no_network_needs_is_forbidden(top: str) -> None:
    breach = lint(program(top=top))
    assert breach is not None and breach.status is FORBIDDEN
    assert breach.line == 3 + top.count("\n")


@pytest.mark.parametrize(
    "top",
    [
        "import os\nname = os.path.join('a', 'b')",
        "from torchvision.models import resnet18",
        "import numpy as np",
        "import gc\ngc.collect()",
    ],
)
def test_harmless_imports_pass(top: str) -> None:
    assert lint(program(top=top)) is None


def test_the_method_eval_is_not_the_function_eval() -> None:
    assert lint(program(forward=f"self.body.eval()\n{FORWARD}")) is None


@pytest.mark.parametrize(
    "source",
    [
        "(" * 10_000,
        "x = " + "-" * 50_000 + "1",
        "x = " + "[" * 150 + "]" * 150,
        "x = 1" + "+1" * 30_000,
        "class Net: pass\0",
        "x = '\ud800'",
        "if 1:\n" + "".join(" " * depth + "if 1:\n" for depth in range(1, 150)),
    ],
)
def test_hostile_text_gets_a_breach_and_no_exception(source: str) -> None:
    breach = lint(source)
    assert breach is not None and breach.status in (SYNTAX, CONTRACT)


def test_an_overlong_program_is_refused_unread() -> None:
    breach = lint("#" * (MAX_CHARACTERS + 1))
    assert breach is not None and breach.status is CONTRACT and "limit" in breach.message


def test_without_hygiene_only_syntax_and_contract_are_checked() -> None:
    assert lint(program(top="import socket"), hygiene=False) is None
    breach = lint("import socket", hygiene=False)
    assert breach is not None and breach.status is CONTRACT


def test_of_several_forbidden_uses_the_first_in_the_text_is_reported() -> None:
    breach = lint(program(top="def late():\n    import socket\n\nimport ctypes"))
    assert breach is not None and "socket" in breach.message and breach.line == 4


def test_the_c_part_of_a_forbidden_module_is_forbidden_too() -> None:
    for module in ("_socket", "_ctypes", "_posixsubprocess"):
        breach = lint(program(top=f"import {module}"))
        assert breach is not None and breach.status is FORBIDDEN


@pytest.mark.parametrize("line", ["x" + ".b" * 900, "x = open(" + "x, " * 10_000 + ")", "open(x)", "@a"])
def test_the_longest_program_is_checked_in_bounded_time_and_memory(line: str) -> None:
    source = program(top=(line + "\n") * (90_000 // len(line) - 1) + ("def f(): ..." if line == "@a" else ""))
    tracemalloc.start()
    started = time.process_time()
    lint(source)
    seconds, (_, peak_bytes) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 10 and peak_bytes < 300 * 2**20, (seconds, peak_bytes)


BENIGN = sorted((Path(__file__).parents[1] / "benign").glob("*.py"))
EXPECTED = re.compile(r"# without lint: (.+)")


@pytest.mark.parametrize("path", BENIGN, ids=lambda path: path.stem)
def test_lint_finds_nothing_in_an_honest_program(path: Path) -> None:
    assert lint(path.read_text()) is None


def honest_results(isolation: Isolation) -> dict[str, Evaluation]:
    config = EvaluatorConfig(task="digits-clean", cpu_seconds=20, wall_seconds=80.0, isolation=isolation)
    sources = [path.read_text() for path in BENIGN]
    with SandboxedEvaluator(config) as evaluator:
        results = evaluator.evaluate(candidate(source, index) for index, source in enumerate(sources))
        return {path.stem: result for path, result in zip(BENIGN, results, strict=True)}


@pytest.fixture(scope="module")
def contained() -> dict[str, Evaluation]:
    return honest_results("auto")


@pytest.mark.parametrize("path", BENIGN, ids=lambda path: path.stem)
def test_an_honest_program_gets_its_due(contained: dict[str, Evaluation], path: Path) -> None:
    expected = Expectation.parse(EXPECTED.findall(path.read_text())[0])
    assert expected.objection(contained[path.stem]) is None, contained[path.stem]


@pytest.mark.slow
def test_isolation_changes_no_honest_result(contained: dict[str, Evaluation]) -> None:
    free = honest_results("unsafe")
    differing = {name for name in free if free[name].status is not contained[name].status}
    assert differing <= {"scratch_file"}  # without namespaces there is no place to write to
    for name in free.keys() - differing:
        assert (contained[name].accuracy, contained[name].losses) == (free[name].accuracy, free[name].losses)


SECRET = "import socket"


@pytest.mark.parametrize(
    ("dead", "alive"),
    [
        (f'if __name__ == "__main__":\n    {SECRET}', f'if __name__ != "__main__":\n    {SECRET}'),
        (f'if "__main__" == __name__:\n    {SECRET}', f'if __name__ == "program":\n    {SECRET}'),
        (f"if False:\n    {SECRET}", f"if True:\n    {SECRET}"),
        (f"if 0:\n    {SECRET}\nelif False:\n    {SECRET}", f"if 0:\n    pass\nelse:\n    {SECRET}"),
        (
            f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {SECRET}",
            f"TYPE_CHECKING = 1\nif TYPE_CHECKING:\n    {SECRET}",
        ),
        (f"import typing\nif typing.TYPE_CHECKING:\n    {SECRET}", f"if not False:\n    {SECRET}"),
        (
            f'if __name__ == "__main__":\n    if True:\n        {SECRET}',
            f'__name__ = "__main__"\nif __name__ == "__main__":\n    {SECRET}',
        ),
        (f'if __name__ == "__main__":\n    {SECRET}\nelse:\n    pass', f"def unused():\n    {SECRET}"),
    ],
)
def test_what_is_certainly_never_run_is_not_refused(dead: str, alive: str) -> None:
    assert lint(program(top=dead)) is None
    breach = lint(program(top=alive))
    assert breach is not None and breach.status is FORBIDDEN
