"""The dependency rule of docs/design.md, enforced: who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    "corpus": set[str](),
    "generator": {"corpus"},
    "evaluator": {"corpus.records"},
    "finetune": {"corpus"},
    "cycles": {"corpus", "generator", "evaluator", "finetune"},
}


def imported_modules(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            modules.add(node.module or "")
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {module for module in modules if module.split(".")[0] in ALLOWED}


def arrows_against_the_rule(package: str) -> list[str]:
    def allowed(module: str) -> bool:
        if module.split(".")[0] == package:
            return True
        # `from corpus import records` names both `corpus` and `corpus.records`: the longer name decides.
        return any(module == name or module.startswith(f"{name}.") for name in ALLOWED[package])

    wrong = []
    for path in sorted((ROOT / package).rglob("*.py")):
        modules = imported_modules(path)
        for module in sorted(modules):
            longer = any(other.startswith(f"{module}.") and allowed(other) for other in modules)
            if not allowed(module) and not longer:
                wrong.append(f"{path.relative_to(ROOT)} -> {module}")
    return wrong


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_the_rule_allows(package: str) -> None:
    assert arrows_against_the_rule(package) == []


def test_the_packages_come_from_this_distribution_in_isolated_mode(tmp_path: Path) -> None:
    """A stranger's installed `evaluator` must not shadow ours; -I drops the working directory."""
    names = sorted(ALLOWED)
    code = f"import {', '.join(names)}\nfor module in ({', '.join(names)}): print(module.__file__)"
    found = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    homes = {Path(line).resolve().parent.parent for line in found.stdout.splitlines()}
    assert homes == {ROOT}


def test_the_records_and_configs_load_without_torch(tmp_path: Path) -> None:
    heavy = ("torch", "transformers", "trl", "peft", "datasets", "sklearn")
    code = (
        "import sys, corpus.records, cycles.config, cycles.cli; "
        f"print([module for module in {heavy} if module in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr
