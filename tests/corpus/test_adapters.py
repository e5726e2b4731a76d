"""The identity of an adapter: which differences count, which do not, and what is no adapter."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from corpus.records.adapters import AdapterError, adapter_hash

Tensors = dict[str, np.ndarray]

WEIGHTS: Tensors = {
    "q_proj.lora_A.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "q_proj.lora_B.weight": np.ones((3, 2), dtype=np.float32),
}


def folder(path: Path, tensors: Tensors = WEIGHTS, **metadata: str) -> Path:
    path.mkdir()
    (path / "adapter_config.json").write_text("{}", encoding="utf-8")
    save_file(tensors, path / "adapter_model.safetensors", metadata=metadata or None)
    return path


def changed(**tensors: np.ndarray) -> Tensors:
    return WEIGHTS | {f"q_proj.{name}.weight": tensor for name, tensor in tensors.items()}


def test_the_hash_of_known_weights_stays_the_one_that_ledgers_hold(tmp_path: Path) -> None:
    assert adapter_hash(folder(tmp_path / "a")) == "e2d2aabd9745b4fc"


def test_the_hash_is_of_the_tensors_and_not_of_the_file_or_its_place(tmp_path: Path) -> None:
    known = adapter_hash(folder(tmp_path / "a"))
    assert adapter_hash(folder(tmp_path / "b", dict(reversed(WEIGHTS.items())), note="header")) == known


@pytest.mark.parametrize(
    "other",
    [
        changed(lora_A=np.zeros((2, 3), dtype=np.float32)),
        changed(lora_A=WEIGHTS["q_proj.lora_A.weight"].reshape(3, 2)),
        changed(lora_A=WEIGHTS["q_proj.lora_A.weight"].view(np.int32)),
        {name.replace("q_proj", "k_proj"): tensor for name, tensor in WEIGHTS.items()},
        dict(list(WEIGHTS.items())[:1]),
    ],
    ids=["a value", "a shape", "a type", "a name", "one tensor less"],
)
def test_other_tensors_have_another_hash(tmp_path: Path, other: Tensors) -> None:
    assert adapter_hash(folder(tmp_path / "b", other)) != adapter_hash(folder(tmp_path / "a"))


def test_a_folder_without_settings_holds_no_adapter(tmp_path: Path) -> None:
    (folder(tmp_path / "a") / "adapter_config.json").unlink()
    with pytest.raises(AdapterError, match=r"adapter_config\.json is missing"):
        adapter_hash(tmp_path / "a")


def header(**entries: object) -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"\x10\x00\x00",
        b"weights",
        header(tensor={"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}),
        header(tensor=None),
    ],
    ids=["no file", "empty", "cut in its length", "no header", "cut in its tensors", "no entry"],
)
def test_a_folder_without_readable_weights_has_no_hash(tmp_path: Path, content: bytes | None) -> None:
    weights = folder(tmp_path / "a") / "adapter_model.safetensors"
    weights.unlink()
    if content is not None:
        weights.write_bytes(content)
    with pytest.raises(AdapterError, match="no readable adapter weights"):
        adapter_hash(tmp_path / "a")
