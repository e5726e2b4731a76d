"""JSON lines: what is a line, what is passed over, and how a line that is no row is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from corpus.files.json_lines import JsonLinesError, json_lines
from corpus.records.mistakes import Mistake

REMEDY = "Write it again."


class Named(BaseModel):
    name: str


SEPARATORS = "\x85\u2028\u2029"
"""What `str.splitlines` takes for the end of a line, and JSON for a character like others."""


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"", []),
        (b"\n \n\t\r\n", []),
        (b"1\n2", [1, 2]),
        (b'{"a": 1}\r\n\r\n{"a": 2}\r\n', [{"a": 1}, {"a": 2}]),
        (b"\xef\xbb\xbf1\n2\n", [1, 2]),
        (b"\xef\xbb\xbf\n2\n", [2]),
        (json.dumps([SEPARATORS], ensure_ascii=False).encode() + b"\n3\n", [[SEPARATORS], 3]),
        (json.dumps("\v\f\x1c\n").encode() + b"\n", ["\v\f\x1c\n"]),
    ],
    ids=["empty", "blank", "no last end", "carriage returns", "mark", "mark alone", "separators", "escaped"],
)
def test_rows_end_at_line_feeds_alone(content: bytes, rows: list[object], tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(content)
    assert list(json_lines(tmp_path / "rows", remedy=REMEDY)) == rows


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"name": "a"', "the row: Invalid JSON"),
        (b'{"names": "a"}', "name: Field required"),
        (b"\xff", "not UTF-8 (byte 1)"),
        ("\ufeff{}".encode(), "the row: Invalid JSON"),
        (b"[" * 100_000, "the row: Invalid JSON"),
    ],
    ids=["torn", "missing field", "no text", "mark within", "deep"],
)
def test_a_line_that_is_no_row_is_named_with_file_number_reason_and_remedy(
    line: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b'{"name": "a"}\n\n' + line + b"\n")
    rows = json_lines(path, Named.model_validate_json, remedy=REMEDY)
    assert next(rows) == Named(name="a")
    with pytest.raises(JsonLinesError) as refusal:
        next(rows)
    text = str(refusal.value)
    assert text.startswith(f"{path}, line 3: {reason}") and text.endswith(REMEDY) and "\n" not in text


@pytest.mark.parametrize("line", ["{", "[" * 100_000])
def test_plain_json_that_is_none_is_a_mistake_too(line: str, tmp_path: Path) -> None:
    (tmp_path / "rows").write_text(line)
    with pytest.raises(Mistake, match=r"line 1: (no JSON|nested too deeply)"):
        list(json_lines(tmp_path / "rows", remedy=REMEDY))


@pytest.mark.parametrize(("name", "said"), [("absent", "Check the path"), (".", "not a regular file")])
def test_a_file_that_cannot_be_read_is_a_mistake(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(JsonLinesError, match=said):
        list(json_lines(tmp_path / name, remedy=REMEDY))
