"""Rows into files: one Parquet file for each split of a configuration, or one JSON-lines file for all.

Parquet carries the explicit features of `datasets` in its schema, so that every reader sees the same types,
in words that earlier versions of `datasets` know too.
This module does *not* choose rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.exchange.exporting.column_types import Row, features
from corpus.records.exchange import Split

if TYPE_CHECKING:
    import pyarrow.parquet
    from datasets import Features

WHOLE = "ledger"
"""The split's name in a format that keeps all splits of a configuration in one file."""

_BATCH = 1_000


def write_parquet(directory: Path, config: str, model: type[Row], rows: Iterable[Row]) -> Counter[str]:
    """Write `<config>/<split>.parquet` for every split that has rows, and return the rows of each."""
    import pyarrow
    import pyarrow.parquet

    schema = schema_for_all(features(model))
    folder = directory / config
    folder.mkdir()
    writers: dict[Split, pyarrow.parquet.ParquetWriter] = {}
    counts: Counter[str] = Counter()
    try:
        for batch in _batches(rows):
            for split in sorted({row.split for row in batch}):
                if split not in writers:
                    writers[split] = pyarrow.parquet.ParquetWriter(
                        folder / f"{split.value}.parquet", schema, compression="zstd"
                    )
                plain = [row.model_dump(mode="json") for row in batch if row.split is split]
                writers[split].write_table(pyarrow.Table.from_pylist(plain, schema))
                counts[split.value] += len(plain)
    finally:
        for writer in writers.values():
            writer.close()
    return Counter({split.value: counts[split.value] for split in Split if split in writers})


def write_jsonl(directory: Path, config: str, _model: type[Row], rows: Iterable[Row]) -> Counter[str]:
    """Write `<config>.jsonl` with the rows of all splits, and return their number under `WHOLE`."""
    count = 0
    with (directory / f"{config}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(_json(row.model_dump(mode="json")) + "\n")
            count += 1
    return Counter({WHOLE: count})


def schema_for_all(features: Features) -> pyarrow.Schema:
    """Return the Arrow schema of `features`, whose metadata `datasets` reads from version 2 on.

    `datasets` 4 calls a list `List` there, and earlier versions refuse a type that they do not know. All of
    them read a list of one type in its place, `[type]`.
    """
    schema = features.arrow_schema
    described = json.loads(schema.metadata[b"huggingface"])
    described["info"]["features"] = _earlier(described["info"]["features"])
    return schema.with_metadata({"huggingface": json.dumps(described)})


def _earlier(described: Any) -> Any:
    if not isinstance(described, dict):
        return described
    if described.get("_type") == "List":
        return [_earlier(described["feature"])]
    return {name: _earlier(inner) for name, inner in described.items()}


def data_file(config: str, split: str) -> str:
    """Return the path of a split's file within the export."""
    return f"{config}.jsonl" if split == WHOLE else f"{config}/{split}.parquet"


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False)
