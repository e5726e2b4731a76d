"""A class is carried with all that it needs, and what it needs alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch

from corpus.mining import carrying
from corpus.mining.permitted import PERMITTED, may_be_imported
from evaluator.child.lint import FORBIDDEN_MEMBERS, FORBIDDEN_MODULES
from tests.corpus.mining.sources import PACKAGE, mined, run, write

NN = "import torch\nfrom torch import nn\n\n\n"


def only(folder: Path, text: str) -> str | None:
    """Return the flaw of the one class `A` of a file."""
    return mined(write(folder, {"a.py": NN + text}))["A"].flaw


def test_a_class_is_carried_through_the_imports_of_its_package_and_computes_what_it_did(
    tmp_path: Path,
) -> None:
    mix = mined(write(tmp_path, PACKAGE) / "blocks")["Mix"]
    assert mix.flaw is None
    built = run(mix)(4).eval()
    images = torch.rand(2, 4, 3, 3) - 0.5
    twice_three_times = images / (1 + 1e-3) ** 0.5 * 2 * 3
    assert torch.allclose(built(images), torch.nn.functional.leaky_relu(twice_three_times, 0.1) + 0.1)


def test_only_what_is_needed_is_carried(tmp_path: Path) -> None:
    text = mined(write(tmp_path, PACKAGE) / "blocks")["Mix"].text
    tree = ast.parse(text)
    defined = [node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    assert sorted(defined) == ["Base", "Mix", "Norm", "act", "scale", "scale_2"]
    for gone in ("Unrelated", "register_block", "Wished", "Optional", "blocks", "A base", "__all__", "int"):
        assert gone not in text
    assert defined.index("Norm") < defined.index("Base") < defined.index("Mix")


def test_names_that_clash_are_told_apart_everywhere(tmp_path: Path) -> None:
    files = {
        "p/__init__.py": "",
        "p/a.py": "from torch import nn\n\n\ndef f(x):\n    return x + 1\n\n\nclass Inner(nn.Module):\n"
        "    def forward(self, x):\n        return f(x)\n",
        "p/b.py": "from torch import nn\nfrom .a import Inner as Other, f as g\n\n\n"
        "def f(x):\n    return x * 10\n\n\nclass Inner(nn.Module):\n"
        "    def forward(self, x):\n        return g(f(Other()(x)))\n",
    }
    found = [module for module in mined(write(tmp_path, files) / "p").values() if "Other" in module.text]
    assert found == []
    inner = mined(tmp_path / "p" / "b.py")["Inner"]
    assert run(inner)()(1) == (1 + 1) * 10 + 1


def test_a_branch_that_imports_from_the_package_is_carried(tmp_path: Path) -> None:
    files = {
        "p/__init__.py": "",
        "p/own.py": "def twice(x):\n    return 2 * x\n",
        "p/a.py": "from torch import nn\n\ntry:\n    from torch.nn.functional import not_there as twice\n"
        "except ImportError:\n    from .own import twice\n\n\n"
        "class A(nn.Module):\n    def forward(self, x):\n        return twice(x)\n",
    }
    assert run(mined(write(tmp_path, files) / "p")["A"])()(3) == 6


def test_the_fields_of_a_data_class_stay(tmp_path: Path) -> None:
    text = (
        "from dataclasses import dataclass\nfrom torch import nn\n\n\n@dataclass\nclass Settings:\n"
        "    width: int = 3\n    depth: Missing = 2\n\n\n"
        "class A(nn.Module):\n    def forward(self, x):\n        return x * Settings(depth=5).depth\n"
    )
    module = mined(write(tmp_path, {"a.py": text}))["A"]
    assert module.text.startswith("from __future__ import annotations")
    assert run(module)()(2) == 10


@pytest.mark.parametrize(
    ("before", "used", "flaw"),
    [
        ("import einops\n", "einops.rearrange(x)", "imports einops"),
        ("from torch import distributed\n", "distributed.nothing(x)", "imports torch.distributed"),
        ("import torch.hub\n", "torch.hub.load(x)", "imports torch"),
        ("", "nowhere(x)", "uses nowhere, which nothing in a.py binds"),
        ("import sibling\n", "vars(sibling)", "uses sibling, a module of its own package, as a value"),
        ("if 1:\n    import einops\n", "einops.rearrange(x)", "imports einops"),
    ],
)
def test_what_cannot_be_carried_says_why(tmp_path: Path, before: str, used: str, flaw: str) -> None:
    write(tmp_path, {"sibling.py": ""})
    found = only(tmp_path, f"{before}class A(nn.Module):\n    def forward(self, x):\n        return {used}\n")
    assert found is not None and found.startswith(flaw)


@pytest.mark.parametrize(
    "body",
    [
        "return [nowhere for nowhere in x]",
        "return (lambda nowhere: nowhere)(x)",
        "nowhere = x\n        return nowhere",
        "import nowhere\n        return nowhere",
        "for nowhere, _ in x:\n            pass\n        return {nowhere: nowhere for _ in x}",
        "def nowhere(): return nowhere\n        return [y for y in x if (z := y)] + [z]",
        "try:\n            pass\n        except ValueError as nowhere:\n            return nowhere",
    ],
)
def test_a_name_of_its_own_needs_nothing(tmp_path: Path, body: str) -> None:
    assert only(tmp_path, f"class A(nn.Module):\n    def forward(self, x):\n        {body}\n") is None


def test_a_name_of_the_class_body_is_not_seen_in_its_methods(tmp_path: Path) -> None:
    text = "class A(nn.Module):\n    size = 3\n    double = size * 2\n\n"
    text += "    def forward(self, x):\n        return size\n"
    assert only(tmp_path, text) == "uses size, which nothing in a.py binds"


def test_more_than_the_bounds_is_a_flaw(tmp_path: Path) -> None:
    many = "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n\n\n" for n in range(carrying.MAX_STATEMENTS))
    last = f"def f{carrying.MAX_STATEMENTS}(x):\n    return x\n\n\n"
    found = only(
        tmp_path, f"{many}{last}class A(nn.Module):\n    def forward(self, x):\n        return f0(x)\n"
    )
    assert found is not None and found.startswith(f"needs more than {carrying.MAX_STATEMENTS} definitions")
    long = "x = [" + "0," * (carrying.MAX_CHARACTERS // 2) + "]"
    found = only(tmp_path, f"{long}\nclass A(nn.Module):\n    def forward(self):\n        return x\n")
    assert found is not None and found.startswith("needs more than")


def test_nothing_that_the_lint_forbids_may_be_imported() -> None:
    for module in FORBIDDEN_MODULES:
        assert not may_be_imported(module), module
    members = {f"torch.{each}" for each in FORBIDDEN_MEMBERS["torch"]} & set(FORBIDDEN_MODULES)
    assert members and not any(map(may_be_imported, members))
    assert all(map(may_be_imported, PERMITTED))
