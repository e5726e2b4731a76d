"""Files and directories that appear whole or not at all: after an error, a kill, and beside a reader."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from corpus.files.whole import (
    directory_in_the_making,
    discard_partials,
    file_in_the_making,
    is_taken,
    write_whole,
)

ROOT = Path(__file__).parents[2]


def in_the_making(kind: str, path: Path) -> AbstractContextManager[Path]:
    return file_in_the_making(path) if kind == "file" else directory_in_the_making(path, replace=True)


def put(kind: str, place: Path, text: str) -> None:
    """Put `text` where the contents of a file, or of a directory, stand."""
    if kind == "directory":
        (place / "inner").mkdir(parents=True, exist_ok=True)
    (place if kind == "file" else place / "inner" / "text").write_text(text)


def stands(kind: str, place: Path) -> str | None:
    file = place if kind == "file" else place / "inner" / "text"
    return file.read_text() if file.exists() else None


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("before", [None, "old"])
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_the_new_stands_only_when_the_block_has_ended(kind: str, before: str | None, tmp_path: Path) -> None:
    target = tmp_path / "target"
    if before is not None:
        put(kind, target, before)
    with in_the_making(kind, target) as partial:
        put(kind, partial, "new")
        assert stands(kind, target) == before
    assert stands(kind, target) == "new" and names(tmp_path) == ["target"]


@pytest.mark.parametrize("before", [None, "old"])
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_block_that_raises_leaves_what_was_there_and_nothing_else(
    kind: str, before: str | None, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    if before is not None:
        put(kind, target, before)
    with pytest.raises(KeyboardInterrupt), in_the_making(kind, target) as partial:
        put(kind, partial, "half")
        raise KeyboardInterrupt
    assert stands(kind, target) == before and len(names(tmp_path)) == (before is not None)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.corpus.test_files import in_the_making, put

with in_the_making(sys.argv[1], Path(sys.argv[2])) as partial:
    put(sys.argv[1], partial, "half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_killed_process_leaves_a_hidden_name_that_can_be_discarded(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "target[1]"
    put(kind, target, "old")
    command = [sys.executable, "-c", KILLED, kind, str(target)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert stands(kind, target) == "old"
    assert [name[0] for name in names(tmp_path) if name != target.name] == ["."]
    discard_partials(target)
    assert names(tmp_path) == [target.name]


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_what_a_killed_process_of_the_same_number_left_is_no_obstacle(kind: str, tmp_path: Path) -> None:
    put(kind, tmp_path / f".target.partial-{os.getpid()}", "half of a longer text")
    with in_the_making(kind, tmp_path / "target") as partial:
        put(kind, partial, "new")
    assert stands(kind, tmp_path / "target") == "new"


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_contents_reach_the_disk_before_the_name_and_the_name_before_the_return(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    fsync: Callable[[int], None] = os.fsync

    def record(descriptor: int) -> None:
        state = "named" if (tmp_path / "target").exists() else "unnamed"
        flushed.append(f"{state} {Path(f'/proc/self/fd/{descriptor}').readlink().relative_to(tmp_path)}")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    with in_the_making(kind, tmp_path / "target") as partial:
        put(kind, partial, "new")
    made = partial.name
    inner = [f"unnamed {made}/inner", f"unnamed {made}/inner/text"] if kind == "directory" else []
    assert flushed == [*inner, f"unnamed {made}", "named ."]


def test_a_new_file_has_the_masks_permissions_and_a_replaced_one_keeps_its_own(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", "x")
        write_whole(tmp_path / "kept", "x")
        (tmp_path / "kept").chmod(0o604)
        write_whole(tmp_path / "kept", "y")
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("new", "kept")]
    assert modes == [0o640, 0o604]


def test_a_text_is_written_as_it_is(tmp_path: Path) -> None:
    write_whole(tmp_path / "text", "a\r\nä\u2028\n")
    assert (tmp_path / "text").read_bytes() == "a\r\nä\u2028\n".encode()


def test_what_is_taken_is_not_replaced_unasked(tmp_path: Path) -> None:
    put("directory", tmp_path / "full", "old")
    (tmp_path / "file").write_text("old")
    (tmp_path / "empty").mkdir()
    taken = {name: is_taken(tmp_path / name) for name in ("absent", "empty", "file", "full")}
    assert taken == {"absent": False, "empty": False, "file": True, "full": True}
    for name in ("file", "full"):
        with pytest.raises(FileExistsError), directory_in_the_making(tmp_path / name):
            pass
    with pytest.raises(FileExistsError), directory_in_the_making(tmp_path / "file", replace=True):
        pass
    with directory_in_the_making(tmp_path / "empty") as partial:
        put("directory", partial, "new")
    assert stands("directory", tmp_path / "empty") == "new"
