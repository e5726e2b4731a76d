"""Weights from a program's process: what is none is refused, what is kept the public library reads."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import safetensors.torch
import torch

from evaluator.channel.weights_file import MAX_HEADER_BYTES, NotWeights, decode, encode
from evaluator.supervisor.final.weights import checked_weights

LIMIT = 2 * MAX_HEADER_BYTES
STATE = {
    "body.weight": torch.arange(6.0).reshape(2, 3),
    "body.mask": torch.full((3,), -math.inf),
    "count": torch.tensor(7),
    "half": torch.ones(3, dtype=torch.bfloat16),
    "flags": torch.tensor([True, False, True]),
    "empty": torch.zeros(0, 4),
}


def file_of(header: Any, data: bytes = bytes(24)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(**changes: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} | changes


def of_numbers(dtype: str, numbers: bytes) -> bytes:
    count = {"F32": 4, "F64": 8, "F16": 2, "BF16": 2, "BOOL": 1}[dtype]
    shape, offsets = [len(numbers) // count], [0, len(numbers)]
    return file_of({"w": entry(dtype=dtype, shape=shape, data_offsets=offsets)}, numbers)


def test_what_the_public_library_writes_is_read() -> None:
    weights = checked_weights(safetensors.torch.save(STATE), LIMIT)
    assert (weights.tensors, weights.numbers) == (6, 16)


def test_the_public_library_reads_what_is_kept() -> None:
    kept = safetensors.torch.load(checked_weights(safetensors.torch.save(STATE), LIMIT).content)
    assert kept.keys() == STATE.keys()
    assert all(
        torch.equal(kept[name], STATE[name]) and kept[name].dtype == STATE[name].dtype for name in STATE
    )


def test_nothing_of_the_received_header_is_kept() -> None:
    spaced = file_of(b'{ "w" :  {"data_offsets":[0,24],"shape":[2,3], "dtype":"F32"}}' + b" " * 500)
    kept = checked_weights(spaced, LIMIT).content
    assert len(kept) < len(spaced) - 400
    assert kept == encode(decode(kept, LIMIT))


GOOD = file_of({"w": entry()})


def test_the_file_that_the_refused_ones_are_made_of_is_accepted() -> None:
    assert checked_weights(GOOD, LIMIT).numbers == 6


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(pickle.dumps(STATE), "length does not fit", id="a pickle"),
        pytest.param(b"", "no header", id="nothing"),
        pytest.param(GOOD[:7], "no header", id="cut in the length"),
        pytest.param(GOOD[:20], "length does not fit", id="cut in the header"),
        pytest.param(GOOD[:-1], "hole, overlap, or do not end", id="cut in the numbers"),
        pytest.param(GOOD + b"\0", "do not end with the file", id="bytes after the end"),
        pytest.param(GOOD + GOOD, "do not end with the file", id="a second file after the end"),
        pytest.param(b"\xff" * 8 + b"{}", "length does not fit", id="an endless header"),
        pytest.param(file_of(b" " * (MAX_HEADER_BYTES + 1)), "length does not fit", id="a huge header"),
        pytest.param(file_of(b"\x80"), "no JSON", id="a header that is no text"),
        pytest.param(file_of(b"[" * 50_000), "no JSON", id="a header nested too deeply"),
        pytest.param(file_of(b'{"w": NaN}'), "lacks its dtype", id="a header with a number that is none"),
        pytest.param(file_of([entry()]), "no object", id="a header that is a list"),
        pytest.param(file_of({}, b""), "0 tensors", id="no tensors"),
        pytest.param(file_of(b'{"w":1,"w":2}'), "twice", id="one name twice"),
        pytest.param(file_of({"w": entry(), "__metadata__": {"x": "y"}}), "notes", id="notes of its own"),
        pytest.param(file_of({"../../etc/passwd": entry()}), "named", id="a name with slashes"),
        pytest.param(file_of({"a\\b": entry()}), "named", id="a name with a backslash"),
        pytest.param(file_of({"": entry()}), "named", id="no name"),
        pytest.param(file_of({"\x1b[2J": entry()}), "named", id="a name that clears the screen"),
        pytest.param(file_of({"w" * 300: entry()}), "named", id="a long name"),
        pytest.param(file_of({"w\n": entry()}), "named", id="a name with a line's end"),
        pytest.param(file_of({"w": entry(dtype="C64")}), "type", id="a type that is not kept"),
        pytest.param(file_of({"w": entry(dtype=["F32"])}), "type", id="a type that is no word"),
        pytest.param(
            file_of({"w": entry(dtype="F64")}), "another size", id="a wider type than there are bytes"
        ),
        pytest.param(file_of({"w": entry(shape=[2, -3])}), "no shape", id="a negative shape"),
        pytest.param(file_of({"w": entry(shape=[2, True])}), "no shape", id="a shape of truths"),
        pytest.param(file_of({"w": entry(shape=[1] * 9)}), "no shape", id="too many dimensions"),
        pytest.param(file_of({"w": entry(shape=[2**47] * 8)}), "another size", id="an enormous shape"),
        pytest.param(file_of({"w": entry(shape=None)}), "no shape", id="a shape that is none"),
        pytest.param(file_of({"w": entry(extra=1)}), "more than these", id="more than there is to say"),
        pytest.param(file_of({"w": entry(data_offsets=[0, 2**40])}), "another size", id="beyond the file"),
        pytest.param(
            file_of({"w": entry(shape=[2**30], data_offsets=[0, 2**32])}),
            "end with the file",
            id="a claim of 4 GiB",
        ),
        pytest.param(file_of({"w": entry(), "v": entry()}), "overlap", id="two names for the same bytes"),
        pytest.param(
            file_of({"w": entry(data_offsets=[8, 32])}, bytes(32)), "leave a hole", id="a hole at the start"
        ),
        pytest.param(of_numbers("F32", b"\x00\x00\xc0\x7f"), "no number", id="NaN in float32"),
        pytest.param(
            of_numbers("F64", b"\x01" + b"\x00" * 5 + b"\xf0\x7f"), "no number", id="NaN in float64"
        ),
        pytest.param(of_numbers("F16", b"\x01\x7e"), "no number", id="NaN in float16"),
        pytest.param(of_numbers("BF16", b"\x01\x7f\xc1\x7f"), "no number", id="NaN in bfloat16"),
        pytest.param(of_numbers("BOOL", b"\x01\x02"), "no number", id="a truth that is neither"),
    ],
)
def test_bytes_that_are_no_weights_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(NotWeights, match=reason):
        checked_weights(content, LIMIT)


def test_more_bytes_than_may_leave_are_refused_before_they_are_read() -> None:
    with pytest.raises(NotWeights, match="the limit is 50"):
        checked_weights(safetensors.torch.save(STATE), 50)


@pytest.mark.parametrize("damage", [lambda byte: byte ^ 0xFF, lambda byte: 0, lambda byte: (byte + 1) % 256])
def test_a_damaged_byte_is_refused_or_read_but_never_crashes(damage: Callable[[int], int]) -> None:
    content = safetensors.torch.save({"weight": torch.ones(2), "bias": torch.zeros(1)})
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] = damage(damaged[place])
        try:
            kept = checked_weights(bytes(damaged), LIMIT).content
        except NotWeights:
            continue
        safetensors.torch.load(kept)  # what is accepted, the public library can read
