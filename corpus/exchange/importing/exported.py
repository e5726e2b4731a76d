"""An earlier export of ours, Parquet or JSON lines, read by its card.

The card says which files there are and how many rows each holds, so a file that was cut short is noticed even
where it was cut between two rows. Every program that parses comes in, whatever became of it in its own
ledger; novelty is judged only against those that were admitted there. This module does *not* import prompts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from corpus.exchange.exporting.card import CARD, TAG
from corpus.exchange.exporting.column_types import Row, features
from corpus.exchange.exporting.columns import EvaluationRow, ProgramRow
from corpus.exchange.front_matter import MAX_ROWS, read_front_matter
from corpus.exchange.importing.files import leads_outside
from corpus.exchange.importing.parquet import parquet_rows
from corpus.exchange.importing.source import Found, ImportSourceError, Rejection, RejectionReason, Room
from corpus.files.json_lines import JsonLinesError, json_lines, what_is_wrong
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation
from corpus.records.exchange import NO_LICENCE, ImportedEvaluation

_Row = TypeVar("_Row", bound=Row)
_EVALUATION_FIELDS = set(Evaluation.model_fields)
_UNREAD: dict[str, Any] = {"parents": (), "minhash": None}
"""Columns of lists that an import makes no use of, and what a row has in their place."""


class EarlierExport:
    """A directory that `archloop export` wrote."""

    kind = "archloop export"
    licence: str | None = None

    def __init__(self, root: Path) -> None:
        """Read the card.

        Raises:
            ImportSourceError: It is missing or damaged.
        """
        self._root = root
        self.name = root.resolve().name or "export"
        self._files = _files(root)

    def steps(self) -> int:
        """Return the number of programs, as the card has it."""
        return sum(rows for _, rows in self._files["programs"])

    def read(self) -> Iterator[Found | Rejection | None]:
        """Yield every program with its evaluations."""
        evaluations: defaultdict[str, list[ImportedEvaluation]] = defaultdict(list)
        room = Room()
        for row in self._rows("evaluations", EvaluationRow):
            if isinstance(row, Rejection):
                yield row
                continue
            known = _evaluation(row)
            room.take(known.detail)
            evaluations[row.candidate_id].append(known)
        for program in self._rows("programs", ProgramRow):
            if isinstance(program, Rejection):
                yield program
                continue
            if program.source is None:
                yield Rejection(location=program.id, reason=RejectionReason.NO_CODE)
                continue
            yield Found(
                location=program.id,
                text=program.source,
                licence=None if program.licence == NO_LICENCE else program.licence,
                generator=program.generator,
                admitted=program.admitted is True,
                evaluations=evaluations[program.id],
                original=_candidate(program),
            )

    def _rows(self, config: str, model: type[_Row]) -> Iterator[_Row | Rejection]:
        for path, expected in self._files[config]:
            read = _parquet_rows if path.suffix == ".parquet" else _json_rows
            found = 0
            for row in read(path, model, expected):
                found += 1
                if found > expected:
                    break
                yield row
            if found != expected:
                raise ImportSourceError(
                    f"{path}: holds {'more' if found > expected else found} rows, but the card says "
                    f"{expected}: it was cut short or changed. Export again."
                )


def looks_like_an_export(root: Path) -> bool:
    """Return whether a directory holds an export's tables, or the card of one."""
    tables = (root / "programs.jsonl", root / "programs")
    return any(path.exists() for path in tables) and ((root / CARD).exists() or any(_tables(root)))


def _tables(root: Path) -> list[Path]:
    return [*root.glob("*.jsonl"), *root.glob("programs/*.parquet")]


def _files(root: Path) -> dict[str, list[tuple[Path, int]]]:
    """Return the files of each configuration with the rows that the card promises."""
    card = root / CARD
    if not card.is_file():
        raise ImportSourceError(
            f"{root}: the card ({CARD}) is missing, and only it says which rows there should be. "
            "Export again, or restore it."
        )
    if leads_outside(card, root):
        raise ImportSourceError(f"{card}: a link that leads out of the export. Put the card itself there.")
    try:
        known = read_front_matter(card)
        if TAG not in known.tags:
            raise ValueError("this is not a card of an archloop export")
        files: dict[str, list[tuple[Path, int]]] = {}
        for config in ("programs", "evaluations"):
            files[config] = [(_within(root, file.path), rows) for file, rows in known.files(config)]
        rows = sum(rows for each in files.values() for _, rows in each)
        if rows > MAX_ROWS:
            raise ValueError(f"it promises {rows:,} rows, the limit is {MAX_ROWS:,}")
    except (OSError, ValueError) as error:
        raise ImportSourceError(
            f"{card}: damaged ({_first_line(error)}). Export again, or restore it."
        ) from None
    return files


def _within(root: Path, relative: str) -> Path:
    path = (root / relative).resolve()
    if not path.is_relative_to(root.resolve()):
        raise ValueError(f"{relative[:80]} leads out of the export")
    return path


def _parquet_rows(path: Path, model: type[_Row], promised: int) -> Iterator[_Row | Rejection]:
    columns = {field.name: field.type for field in features(model).arrow_schema if field.name not in _UNREAD}
    optional = {name for name, field in model.model_fields.items() if not field.is_required()}
    unread = {name: value for name, value in _UNREAD.items() if name in model.model_fields}
    for number, row in enumerate(parquet_rows(path, columns, promised, optional), start=1):
        if isinstance(row, Rejection):
            yield row
            continue
        try:
            yield model.model_validate(row | unread)
        except ValidationError as error:
            raise ImportSourceError(f"{path}, row {number}: {what_is_wrong(error)}. Export again.") from None


def _json_rows(path: Path, model: type[_Row], _promised: int) -> Iterator[_Row]:
    try:
        yield from json_lines(path, partial(model.model_validate_json, strict=True), remedy="Export again.")
    except JsonLinesError as error:
        raise ImportSourceError(str(error)) from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _candidate(program: ProgramRow) -> Candidate:
    return Candidate(
        id=program.id,
        origin=Origin.IMPORTED,
        source=program.source,
        completion=program.completion,
        finish_reason=program.finish_reason,
        token_count=program.token_count,
        index=program.index,
        generator=program.generator,
        generator_hash=program.generator_hash,
        adapter_hash=program.adapter_hash,
        seed=program.seed,
        sampling=program.sampling,
    )


def _evaluation(row: EvaluationRow) -> ImportedEvaluation:
    losses = tuple(float("nan") if loss is None else loss for loss in row.losses)
    # The ledger that the row comes from keeps the graph and the machine that these would refer to.
    values = row.model_dump(include=_EVALUATION_FIELDS - {"structure", "machine_id"}) | {"losses": losses}
    return ImportedEvaluation(evaluation=Evaluation.model_validate(values), detail=row.imported_detail)
