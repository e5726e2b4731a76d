"""Print how similar a program stays to itself under each kind of edit: the table of docs/novelty.md.

    .venv/bin/python scripts/measure_edits.py

Programs are sampled from the grammar; an edit counts only where it changes the text. It is applied to the
text alone: an edited program need not run.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from statistics import median

from rich.console import Console
from rich.table import Table

from corpus.novelty.similarity import Shingler
from corpus.records.tasks.shape import TaskShape
from generator.grammar import sample_program

PROGRAMS = 200
GRANULARITIES = {
    "ours: 7 tokens, tau 0.85": (Shingler(7), 0.85),
    "masked: 7 tokens, tau 0.85": (Shingler(7, mask_numbers=True), 0.85),
    "reference's: masked, 10 tokens, tau 0.90": (Shingler(10, mask_numbers=True), 0.90),
}
NEXT_ACTIVATION = {
    "ReLU": "GELU",
    "relu": "gelu",
    "GELU": "SiLU",
    "gelu": "silu",
    "SiLU": "ReLU",
    "silu": "relu",
}


def main() -> None:
    rng = random.Random(11)
    shape = TaskShape(channels=1, height=12, width=12, classes=10)
    programs, others = ([sample_program(rng, shape).source for _ in range(PROGRAMS)] for _ in range(2))
    table = Table("edit", "programs", *GRANULARITIES)
    for name, edit in EDITS.items():
        pairs = [(source, edited) for source in programs if (edited := edit(source, rng)) != source]
        table.add_row(name, str(len(pairs)), *map(cell_of(pairs), GRANULARITIES.values()))
    unrelated = list(zip(programs, others, strict=True))
    table.add_row("another program", str(PROGRAMS), *map(cell_of(unrelated), GRANULARITIES.values()))
    console = Console(width=130)
    console.print(table)
    console.print("median Jaccard similarity [5%, 95% quantile], share that counts as a near-duplicate")


def cell_of(pairs: list[tuple[str, str]]) -> Callable[[tuple[Shingler, float]], str]:
    """Return what a cell says of `pairs` under a granularity."""

    def cell(granularity: tuple[Shingler, float]) -> str:
        shingler, tau = granularity
        found = sorted(shingler.similarity(first, second) for first, second in pairs)
        low, high = found[len(found) // 20], found[-1 - len(found) // 20]
        share = sum(value >= tau for value in found) / len(found)
        return f"{median(found):.2f} [{low:.2f}, {high:.2f}]  {share:.0%}"

    return cell


def comments_added(source: str, _rng: random.Random) -> str:
    return re.sub(r"\n( +)return", r"\n\1# the result\n\1return", source)


def attributes_renamed(source: str, _rng: random.Random) -> str:
    names = sorted(set(re.findall(r"self\.([a-z_0-9]+) =", source)))
    for index, name in enumerate(names):
        source = re.sub(rf"\bself\.{name}\b", f"self.attribute_{index}", source)
    return source


def methods_reordered(source: str, _rng: random.Random) -> str:
    setup, learn = source.find("    def train_setup"), source.find("    def learn")
    if not 0 < setup < learn or re.search(r"\n\n\S", source[learn:].rstrip()):
        return source
    return f"{source[:setup]}{source[learn:].rstrip()}\n\n{source[setup:learn].rstrip()}\n"


def dead_line_added(source: str, _rng: random.Random) -> str:
    return re.sub(r"(\n    def forward\(self, x[^\n]*\n)", r"\1        unused = x.mean() * 0.5\n", source)


def one_width_doubled(source: str, rng: random.Random) -> str:
    widths = list(re.finditer(r"(?<![\w.])(?:[4-9]|\d{2,3})(?=[,)])", source))
    if not widths:
        return source
    width = rng.choice(widths)
    return f"{source[: width.start()]}{2 * int(width.group())}{source[width.end() :]}"


def all_numbers_doubled(source: str, _rng: random.Random) -> str:
    return re.sub(r"(?<![\w.])([4-9]|\d{2,3})(?![\w.])", lambda number: str(2 * int(number.group())), source)


def kernels_enlarged(source: str, _rng: random.Random) -> str:
    return re.sub(r"(\b|kernel_size=)3, padding=1", r"\g<1>5, padding=2", source)


def activation_replaced(source: str, _rng: random.Random) -> str:
    name = next((name for name in NEXT_ACTIVATION if name in source), None)
    return source if name is None else source.replace(name, NEXT_ACTIVATION[name])


def dropout_added(source: str, rng: random.Random) -> str:
    layers = list(re.finditer(r"\n( +)nn\.Conv2d\([^\n]*\),\n", source))
    if not layers:
        return source
    layer = rng.choice(layers)
    return f"{source[: layer.end()]}{layer.group(1)}nn.Dropout2d(0.1),\n{source[layer.end() :]}"


EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "comments added": comments_added,
    "every attribute renamed": attributes_renamed,
    "two methods swapped": methods_reordered,
    "a dead line added": dead_line_added,
    "one width doubled": one_width_doubled,
    "every number from 4 on doubled": all_numbers_doubled,
    "every 3x3 kernel made 5x5": kernels_enlarged,
    "the activation replaced": activation_replaced,
    "one Dropout2d added": dropout_added,
}


if __name__ == "__main__":
    main()
