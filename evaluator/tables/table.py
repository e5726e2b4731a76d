"""A table's file: every point of a space with what its network reached, trained for real.

It is gzipped text: a line of JSON on how the table was made, the names of the columns, then a line for each
point, its columns parted by tabs. Points that spell one network share its program, and so its numbers.

Test accuracies stand in the same file and are kept apart from everything else: `read_table` passes them
over, so that nothing that searches can hold them; `read_test_accuracies` is for reports.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from corpus.records.base import Record, UnitInterval

_COLUMNS = ("point", "key", "program", "validation", "parameters", "flops", "cpu_seconds", "test")


class TableHead(Record):
    """How a table was made.

    Attributes:
        name: The table's name.
        space: The space that it holds.
        task: What the networks were trained on: name and version, `digits-v1`.
        protocols: The ids of the protocols that trained them, one for each seed.
        chance: Accuracy of guessing.
        below_chance_factor: A network counts as valid if it is better than chance by this factor.
        versions: Of what took part: archloop's grammar of programs, torch, Python; and the processor.
    """

    name: str
    space: str
    task: str
    protocols: tuple[str, ...] = Field(min_length=1)
    chance: float
    below_chance_factor: float
    versions: dict[str, str]


class TableRow(Record):
    """One point of the space.

    Attributes:
        point: Its encoding.
        key: Its identity in the space: equal for points that spell one network.
        program: Content id of its program.
        validation: Validation accuracies, one for each of the table's protocols.
        parameters: Trainable parameters.
        flops: Forward FLOPs for one image.
        cpu_seconds: Processor time of one training, the mean over the protocols.
    """

    point: str
    key: str
    program: str
    validation: tuple[UnitInterval, ...]
    parameters: int
    flops: int
    cpu_seconds: float


class Table(NamedTuple):
    """A table without its test accuracies.

    Attributes:
        head: How it was made.
        rows: Its points.
        fingerprint: Hash of the file's text, 8 hex digits.
    """

    head: TableHead
    rows: tuple[TableRow, ...]
    fingerprint: str


def read_table(path: Path) -> Table:
    """Return a table without its test accuracies."""
    text = _text(path)
    head, _, *lines = text.splitlines()
    rows = []
    for line in lines:
        point, key, program, validation, parameters, flops, cpu_seconds, _ = line.split("\t")
        rows.append(
            TableRow(
                point=point,
                key=key,
                program=program,
                validation=tuple(map(float, validation.split())),
                parameters=int(parameters),
                flops=int(flops),
                cpu_seconds=float(cpu_seconds),
            )
        )
    fingerprint = sha256(text.encode()).hexdigest()[:8]
    return Table(TableHead.model_validate_json(head), tuple(rows), fingerprint)


def read_test_accuracies(path: Path) -> dict[str, tuple[float, ...]]:
    """Return the test accuracies by point, one for each protocol. For reports only: nothing may be selected
    by them."""
    _, _, *lines = _text(path).splitlines()
    columns = (line.split("\t") for line in lines)
    return {line[0]: tuple(map(float, line[-1].split())) for line in columns}


def write_table(
    path: Path, head: TableHead, rows: Sequence[TableRow], test: Sequence[tuple[float, ...]]
) -> None:
    """Write a table: equal contents give equal bytes.

    Args:
        path: The file.
        head: How it was made.
        rows: Its points.
        test: The test accuracies of each point, one for each protocol.
    """
    lines = [json.dumps(head.model_dump(mode="json"), sort_keys=True), "\t".join(_COLUMNS)]
    for row, accuracies in zip(rows, test, strict=True):
        numbers = (_numbers(row.validation), row.parameters, row.flops, f"{row.cpu_seconds:.2f}")
        lines.append("\t".join(map(str, (row.point, row.key, row.program, *numbers, _numbers(accuracies)))))
    path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode(), mtime=0))


def _text(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode()


def _numbers(accuracies: Sequence[float]) -> str:
    return " ".join(map(repr, accuracies))
