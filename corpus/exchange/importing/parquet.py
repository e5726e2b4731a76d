"""A Parquet table of a stranger, row by row, within bounds of memory.

A Parquet file of some kilobytes may stand for terabytes: equal texts are kept once, and zeros compress to
nothing. So what the file says of its own size is checked first, texts stay in the dictionary that they are
kept in until a row is made of them, and a row with a text beyond the bound is left behind. Columns that
nobody asked for are not read. This module does *not* know what the columns mean.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.exchange.importing.source import ImportSourceError, Rejection, RejectionReason
from corpus.files.reading import open_regular

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

MAX_GROUP_BYTES = 256_000_000
"""Largest row group once unpacked, over the columns that are read. An export's has a thousand rows."""

MAX_CELL_BYTES = 1_000_000
"""Longest text of one row: the evaluator reads 100,000 characters of a program."""

MAX_LIST = 64
"""Most items of a list in a row, on the average; a row has at most 16 losses."""

_THRIFT_BYTES = 10_000_000
_BUFFER_BYTES = 1 << 20
_BATCH = 4_096


def parquet_rows(
    path: Path,
    columns: Mapping[str, pyarrow.DataType],
    promised: int,
    optional: Collection[str] = (),
) -> Iterator[dict[str, Any] | Rejection]:
    """Yield the rows of a table as plain values; a row with too long a text is a rejection.

    Args:
        path: The file.
        columns: The columns to read, with the types that they must have.
        promised: The number of rows that it should have.
        optional: The columns among them that may be missing; then the rows lack them, too.

    Raises:
        ImportSourceError: It is no whole Parquet file, lacks a column, or is beyond the bounds.
    """
    import pyarrow
    import pyarrow.parquet

    texts = [name for name, kind in columns.items() if pyarrow.types.is_string(kind)]
    bounds = {"thrift_string_size_limit": _THRIFT_BYTES, "thrift_container_size_limit": _THRIFT_BYTES}
    try:
        with open_regular(path) as content:
            with pyarrow.parquet.ParquetFile(content, **bounds) as file:
                names = file.schema_arrow.names
                there = {
                    name: kind for name, kind in columns.items() if name in names or name not in optional
                }
                _check(path, file, there, promised)
            opened = pyarrow.parquet.ParquetFile(
                content, read_dictionary=texts, pre_buffer=False, buffer_size=_BUFFER_BYTES, **bounds
            )
            first = 1
            for batch in opened.iter_batches(_BATCH, columns=list(there), use_threads=False):
                yield from _rows(path, batch, first)
                first += batch.num_rows
    except (OSError, pyarrow.ArrowException) as error:
        detail = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ImportSourceError(f"{path}: not a whole Parquet file ({detail}).") from None


def _check(
    path: Path,
    file: pyarrow.parquet.ParquetFile,
    columns: Mapping[str, pyarrow.DataType],
    promised: int,
) -> None:
    found = {field.name: field.type for field in file.schema_arrow}
    for name, kind in columns.items():
        if name not in found:
            raise ImportSourceError(f"{path}: column {name} is missing. Export again.")
        if found[name] != kind:
            raise ImportSourceError(f"{path}: column {name} is {found[name]}, not {kind}. Export again.")
    rows = file.metadata.num_rows
    if rows != promised:
        raise ImportSourceError(
            f"{path}: holds {rows} rows, but the card says {promised}: it was cut short or changed. "
            "Export again."
        )
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        chunks = [group.column(place) for place in range(group.num_columns)]
        read = [chunk for chunk in chunks if chunk.path_in_schema.partition(".")[0] in columns]
        unpacked = sum(max(chunk.total_uncompressed_size, chunk.total_compressed_size) for chunk in read)
        items = max((chunk.num_values for chunk in read), default=0)
        if unpacked > MAX_GROUP_BYTES or items > MAX_LIST * max(group.num_rows, 1):
            raise ImportSourceError(
                f"{path}: row group {number} unpacks to {unpacked:,} bytes and {items:,} items, which is too "
                f"large: the limits are {MAX_GROUP_BYTES:,} bytes and {MAX_LIST} items a row."
            )


def _rows(path: Path, batch: pyarrow.RecordBatch, first: int) -> Iterator[dict[str, Any] | Rejection]:
    names = batch.schema.names
    cells = [_texts(column) if _is_text(column) else iter(column.to_pylist()) for column in batch.columns]
    for number, values in enumerate(zip(*cells, strict=True), start=first):
        row = dict(zip(names, values, strict=True))
        long = next((name for name, value in row.items() if isinstance(value, _TooLong)), None)
        if long is None:
            yield row
        else:
            detail = f"{long} has {row[long]} bytes, the limit is {MAX_CELL_BYTES}"
            yield Rejection(location=f"{path.name}#{number}", reason=RejectionReason.TOO_LARGE, detail=detail)


class _TooLong(int):
    """The length of a text that is not read, in bytes."""


def _is_text(column: pyarrow.Array) -> bool:
    import pyarrow

    return bool(pyarrow.types.is_dictionary(column.type))


def _texts(column: pyarrow.DictionaryArray) -> Iterator[str | _TooLong | None]:
    """Yield a column's texts; equal ones are one object."""
    import pyarrow.compute

    lengths = pyarrow.compute.binary_length(column.dictionary).to_pylist()
    made: dict[int, str | _TooLong] = {}
    for place in column.indices.to_pylist():
        if place is not None and place not in made:
            too_long = lengths[place] > MAX_CELL_BYTES
            made[place] = _TooLong(lengths[place]) if too_long else column.dictionary[place].as_py()
        yield None if place is None else made[place]
