"""The dependency rule of docs/design.md, enforced: who may import whom, floor by floor."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.import_graph import Graph, circles, floors, reach, read_imports

ROOT = Path(__file__).resolve().parents[1]

ROOMS: dict[str, set[str]] = {
    "corpus": set(),
    "generator": {"corpus"},
    "evaluator": {"corpus.records", "corpus.files", "corpus.programs"},
    "finetune": {"corpus"},
    "cycles": {"corpus", "generator", "evaluator", "finetune"},
}
"""Each package, and what it may name beside itself."""

CORPUS_FLOORS = ["records", "files", "programs", "mining", "ledger", "novelty", "exchange"]
"""From the ground up: a floor names only floors below it, and `corpus.config`, which names nothing."""

TORCH = {"torch", "transformers", "peft", "trl", "accelerate", "safetensors", "vllm", "datasets"}

UNREACHABLE: dict[str, set[str]] = {
    "evaluator.child": {"evaluator.supervisor", "evaluator.tasks", "evaluator.metrics", "evaluator.config"},
    "evaluator.channel": {"evaluator.supervisor", "evaluator.tasks", "evaluator.child", *TORCH},
    "evaluator.metrics": {"evaluator.supervisor", "evaluator.tasks", "evaluator.child", *TORCH},
    "evaluator.supervisor": {"evaluator.child", *TORCH},
    "corpus.programs": TORCH,
    "corpus.mining": TORCH,
    "generator.strategies": {"corpus.ledger", "corpus.novelty", "corpus.exchange", "evaluator", "cycles"},
    "cycles.loop": {"rich", "typer", *TORCH},
}
"""What a floor must not lead to, over however many imports."""

MOST_FILES = 14
MOST_LINES = 300


def forbidden_arrows(graph: Graph) -> list[str]:
    """Return every breach of the rules above, as a line that names it."""
    return [*_room_breaches(graph), *_floor_breaches(graph), *_reached(graph)]


def _room_breaches(graph: Graph) -> Iterable[str]:
    for module, imported in graph.items():
        room = module.split(".")[0]
        for other in sorted(imported):
            if other.split(".")[0] in ROOMS.keys() - {room} and not _below(other, ROOMS[room]):
                yield f"{module} -> {other}"


def _floor_breaches(graph: Graph) -> Iterable[str]:
    heights = {f"corpus.{floor}": height for height, floor in enumerate(CORPUS_FLOORS)}
    for floor, imported in floors(graph, ROOT).items():
        for other in imported:
            if floor == "corpus.config" and other.startswith("corpus"):
                yield f"{floor} -> {other}"
            if heights.get(floor, 99) < heights.get(other, -1):
                yield f"{floor} -> {other}"


def _reached(graph: Graph) -> Iterable[str]:
    for floor, forbidden in UNREACHABLE.items():
        for module in graph:
            if _below(module, [floor]):
                for other, way in reach(graph, module).items():
                    if _below(other, forbidden):
                        yield " -> ".join(way)


def _below(module: str, names: Iterable[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return read_imports(ROOT, ROOMS)


def test_no_import_is_against_the_rule(graph: Graph) -> None:
    assert forbidden_arrows(graph) == []


@pytest.mark.parametrize(
    ("module", "other"),
    [
        ("evaluator.child.proxy", "evaluator.supervisor.exam"),
        ("evaluator.child.proxy", "evaluator.tasks.task"),
        ("evaluator.child.proxy", "evaluator.metrics"),
        ("evaluator.metrics.markers", "evaluator.tasks.task"),
        ("evaluator.channel.plan", "evaluator.config"),
        ("evaluator.supervisor.exam", "torch"),
        ("evaluator.supervisor.exam", "evaluator.child.proxy"),
        ("evaluator.tasks.generated.digits", "torch"),
        ("evaluator.verdict", "corpus.ledger.reader"),
        ("corpus.records.base", "corpus.ledger.reader"),
        ("corpus.programs.tokens", "corpus.novelty.similarity"),
        ("corpus.ledger.reader", "corpus.exchange.splits"),
        ("corpus.mining.miner", "corpus.ledger.reader"),
        ("corpus.mining.miner", "torch"),
        ("corpus.config", "corpus.records.base"),
        ("generator.strategies.closed_loop", "corpus.ledger.reader"),
        ("generator.strategies.closed_loop", "evaluator.config"),
        ("generator.prompts.templates", "corpus.ledger.reader"),
        ("finetune.losses", "generator.prompts.templates"),
        ("corpus.records.base", "cycles.loop"),
        ("cycles.loop", "rich"),
    ],
)
def test_a_planted_import_against_the_rule_is_found(graph: Graph, module: str, other: str) -> None:
    planted = {name: set(imported) for name, imported in graph.items()}
    planted.setdefault(module, set()).add(other)
    assert forbidden_arrows(planted)


def test_there_is_no_circle_of_files_or_of_floors(graph: Graph) -> None:
    assert circles(graph) == []
    assert circles(floors(graph, ROOT)) == []


def test_a_planted_circle_is_found(graph: Graph) -> None:
    planted = graph | {"finetune.losses": {*graph["finetune.losses"], "finetune.trainer"}}
    assert circles(planted)


def test_no_folder_and_no_file_is_too_large_to_take_in() -> None:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert [str(path) for path, count in lines.items() if count > MOST_LINES] == []
    siblings = {path.parent: len(list(path.parent.glob("*.py"))) for path in files}
    assert [str(folder) for folder, count in siblings.items() if count > MOST_FILES] == []


def test_the_packages_come_from_this_distribution_in_isolated_mode(tmp_path: Path) -> None:
    """A stranger's installed `evaluator` must not shadow ours; -I drops the working directory."""
    names = sorted(ROOMS)
    code = f"import {', '.join(names)}\nfor module in ({', '.join(names)}): print(module.__file__)"
    found = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    homes = {Path(line).resolve().parent.parent for line in found.stdout.splitlines()}
    assert homes == {ROOT}


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        ("corpus.records.base, cycles.config.run, cycles.cli.app", (*sorted(TORCH), "sklearn")),
        ("evaluator.supervisor.sandbox", tuple(sorted(TORCH))),
        ("evaluator.channel.messages", ("evaluator.tasks", "evaluator.config", "numpy")),
    ],
)
def test_what_need_not_be_loaded_is_not_loaded(modules: str, absent: tuple[str, ...], tmp_path: Path) -> None:
    code = f"import sys, {modules}; print([module for module in {absent} if module in sys.modules])"
    found = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_folder_says_what_lies_in_it(room: str) -> None:
    """A listing in a folder's docstring names every module beside it."""
    wrong = []
    for init in (ROOT / room).rglob("__init__.py"):
        listed = set(re.findall(r"^(?:    )?(\w+)  +\S", init.read_text(encoding="utf-8"), re.MULTILINE))
        there = {path.stem for path in init.parent.glob("*.py")} - {"__init__", "__main__"}
        there |= {path.parent.name for path in init.parent.glob("*/__init__.py")}
        if listed & there:  # a listing of modules, not of something else
            wrong += [f"{init.relative_to(ROOT)}: {name}" for name in there - listed]
    assert wrong == []


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_the_design_draws_every_folder(room: str) -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    folders = {path.parent.relative_to(ROOT / room).parts[0] for path in (ROOT / room).glob("*/__init__.py")}
    assert [folder for folder in sorted(folders) if f"{folder}/" not in text] == []
