"""The hash of a base model's weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from generator.models.places import resolve_model
from generator.models.weights import weights_hash


def model(folder: Path, **files: bytes) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / f"{name}.safetensors").write_bytes(content)
    (folder / "config.json").write_text("{}")
    return folder


def test_equal_weights_have_one_hash_wherever_they_lie(tmp_path: Path) -> None:
    first = model(tmp_path / "a", one=b"1", two=b"2")
    assert weights_hash(first) == weights_hash(model(tmp_path / "b", two=b"2", one=b"1"))
    assert weights_hash(first) != weights_hash(model(tmp_path / "c", one=b"1", two=b"3"))


def test_a_cached_file_is_known_by_its_name_as_well_as_by_its_content(tmp_path: Path) -> None:
    plain = model(tmp_path / "plain", model=b"weights")
    blob = tmp_path / hashlib.sha256(b"weights").hexdigest()
    blob.write_bytes(b"weights")
    (model(tmp_path / "cached") / "model.safetensors").symlink_to(blob)
    assert weights_hash(tmp_path / "cached") == weights_hash(plain)


def test_a_model_that_is_not_here_has_no_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    assert weights_hash(model(tmp_path / "empty")) is None
    assert weights_hash("nobody/nothing-of-this-name") is None


def test_the_embedded_model_has_a_hash() -> None:
    found = weights_hash(resolve_model("embedded"))
    assert found is not None and len(found) == 16
