"""Static checks: what is found, with which status, on which line, and that hostile text cannot hurt."""

from __future__ import annotations

import pytest

from corpus.records import EvaluationStatus
from evaluator.lint import MAX_SOURCE_CHARACTERS, lint
from tests.evaluator_programs import FORWARD, program

CONTRACT, FORBIDDEN = EvaluationStatus.CONTRACT_ERROR, EvaluationStatus.FORBIDDEN
SYNTAX = EvaluationStatus.SYNTAX_ERROR


def test_a_program_that_keeps_the_contract_passes() -> None:
    assert lint(program()) is None


def test_a_syntax_error_is_reported_with_its_line() -> None:
    finding = lint("import torch\nclass Net(:\n")
    assert finding is not None and (finding.status, finding.line) == (SYNTAX, 2)


def test_what_only_the_compiler_refuses_is_a_syntax_error() -> None:
    finding = lint(program(top="return 1"))
    assert finding is not None and finding.status is SYNTAX and "outside function" in finding.message


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
    finding = lint(source.replace(old, new))
    assert finding is not None and finding.status is CONTRACT and message in finding.message


def test_a_breach_is_reported_on_the_line_of_the_method() -> None:
    source = program().replace("def forward(self, x)", "def forward(self)")
    finding = lint(source)
    assert finding is not None and finding.line is not None
    assert "def forward" in source.splitlines()[finding.line - 1]


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
    finding = lint(program(top=top))
    assert finding is not None and finding.status is FORBIDDEN
    assert finding.line == 3 + top.count("\n")


@pytest.mark.parametrize(
    "top",
    [
        "import os\nname = os.path.join('a', 'b')",
        "from torchvision.models import resnet18",
        "import numpy as np",
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
def test_hostile_text_gets_a_finding_and_no_exception(source: str) -> None:
    finding = lint(source)
    assert finding is not None and finding.status in (SYNTAX, CONTRACT)


def test_an_overlong_program_is_refused_unread() -> None:
    finding = lint("#" * (MAX_SOURCE_CHARACTERS + 1))
    assert finding is not None and finding.status is CONTRACT and "limit" in finding.message
