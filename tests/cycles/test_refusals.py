"""What the system and the environment refuse, met by the real command line: one line, no half-made thing."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cycles.refusals import refusal
from tests.command_line import ENTRY
from tests.runs import write_run

LONG = "x" * 300
SMALL_FILES = 32 * 1024  # less than an empty ledger
NO_HOME = ["unshare", "--user", "--map-user=12345", "--map-group=12345"]

Result = subprocess.CompletedProcess[str]


def archloop(*arguments: str | Path, prefix: Sequence[str] = (), **options: object) -> Result:
    command = [*prefix, *ENTRY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload, no-any-return]


def assert_refused(result: Result, *parts: str) -> None:
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("archloop: ") and result.stderr.count("\n") == 1, result.stderr
    for part in parts:
        assert part in result.stderr


def works(*command: str) -> bool:
    try:
        return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_mounts = pytest.mark.skipif(
    not works("unshare", "-rm"), reason="mounting read-only needs user namespaces for everybody (unshare -rm)"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("finished") / "run", cycles=2, count=4)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "a.py").write_text("a = 1\n")
    return tmp_path


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_what_only_a_fault_of_a_program_brings_about_is_no_refusal(number: int) -> None:
    faults = {errno.EBADF, errno.EFAULT, errno.EINVAL, errno.ENOTTY, errno.ESPIPE, errno.EPIPE, errno.EINTR}
    line = refusal(OSError(number, os.strerror(number), "some/place"))
    if number in faults:
        assert line is None
    elif line is not None:
        assert line.startswith("some/place: ") and line.endswith(".")


@pytest.mark.parametrize(
    "number",
    [
        *(errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EACCES),
        *(errno.EPERM, errno.ENOSPC, errno.EISDIR, errno.ELOOP, errno.EIO, errno.ESTALE, errno.EMFILE),
    ],
)
def test_a_refusal_names_the_place_that_was_asked_for(number: int) -> None:
    assert "wanted" in (refusal(OSError(number, "", "wanted.partial", None, "wanted")) or "")
    assert refusal(OSError(number, "")) and "None" not in (refusal(OSError(number, "")) or "")


def test_an_error_of_a_library_in_rust_counts_by_the_number_that_it_names() -> None:
    assert "No space left" in (refusal(RuntimeError("I/O error: No space left (os error 28)")) or "")
    assert refusal(RuntimeError("I/O error (os error 9)")) is None


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["run", "--prepare", "--preset", "smoke", "--out", "file/run"], "file/run: not a directory"),
        (["run", "--prepare", "--preset", "smoke", "--out", LONG], "name too long"),
        (["run", "--prepare", "--preset", "smoke", "--out", "circle/run"], "circle/run: too many levels"),
        (["init", "file/x.toml"], "file/x.toml: not a directory"),
        (["init", f"{LONG}.toml"], "name too long"),
        (["generate", "-n", "1", "--out", "file"], "file: not a directory"),
        (["generate", "-n", "1", "--out", "new/deep", "--adapter", "programs"], "programs"),
        (["generate", "-n", "1", "--out", "new/deep", "--set", "generator.model=./gone"], "gone"),
        (["finetune", "rows.jsonl", "--out", "file"], "file: not a directory"),
        (["finetune", "rows.jsonl", "--out", "new/deep", "--set", "generator.model=./gone"], "gone"),
        (["export", "RUN", "file/x"], "file"),
        (["export", "RUN", LONG], "name too long"),
        (["import", "programs", "file/x.db"], "file"),
        (["import", "programs", f"{LONG}.db"], "name too long"),
        (["status", "file"], "file holds no run"),
        (["evaluate", f"{LONG}.py"], "name too long"),
    ],
)
def test_a_place_that_cannot_be_is_one_line_and_nothing_is_made(
    place: Path, run: Path, words: list[str], part: str
) -> None:
    row = {"prompt": [{"role": "user", "content": "a network"}], "completion": "a = 1\n"}
    (place / "rows.jsonl").write_text(json.dumps(row) + "\n")
    before = sorted(place.rglob("*"))
    assert_refused(archloop(*(run if word == "RUN" else word for word in words), cwd=place), part)
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize(
    "settings",
    [
        ["generator.model=./gone"],
        ["evaluator.task=cifar10", "evaluator.data_path=./gone"],
        ["evaluator.task=images", "evaluator.data_path=./empty"],
        ["finetune.device=cuda:7"],
    ],
)
def test_a_run_that_cannot_start_leaves_nothing_behind(tmp_path: Path, settings: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    options = [word for setting in settings for word in ("--set", setting)]
    assert_refused(archloop("run", "--preset", "smoke", "--out", "runs/mine", *options, cwd=tmp_path))
    assert sorted(tmp_path.iterdir()) == [tmp_path / "empty"]


def limited(bytes_: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, resource.RLIM_INFINITY))


@pytest.mark.parametrize("words", [["run", "--prepare", "--preset", "smoke", "--out"], ["export", "RUN"]])
def test_a_limit_on_file_sizes_is_one_line_and_nothing_stays(
    tmp_path: Path, run: Path, words: list[str]
) -> None:
    limit = SMALL_FILES if words[0] == "run" else 1024
    named = [str(run) if word == "RUN" else word for word in words]
    result = archloop(*named, tmp_path / "deep" / "new", preexec_fn=limited(limit))
    assert_refused(result, "limit on file sizes")
    assert list(tmp_path.iterdir()) == []


@needs_mounts
def test_a_full_disk_is_one_line_and_nothing_stays(tmp_path: Path) -> None:
    command = [*ENTRY, "run", "--prepare", "--preset", "smoke", "--out", str(tmp_path / "run")]
    script = f'mount -t tmpfs -o size=48k tmpfs {tmp_path}; "$@"; rc=$?; ls -A {tmp_path}; exit $rc'
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *command], capture_output=True, text=True, check=False
    )
    assert_refused(result, "run")
    assert result.stdout == ""


@needs_mounts
@pytest.mark.parametrize("killed", [False, True])
def test_a_run_that_cannot_be_written_to_is_shown_and_exported(
    tmp_path: Path, run: Path, killed: bool
) -> None:
    archive = Path(shutil.copytree(run, tmp_path / "archive"))
    if killed:  # a writer that dies leaves its log beside the ledger
        code = (
            "import os, sys; from pathlib import Path; from corpus.ledger.writer import LedgerWriter\n"
            "ledger = LedgerWriter.open(Path(sys.argv[1])); ledger.set_meta('last', 'words'); os._exit(0)"
        )
        subprocess.run([sys.executable, "-c", code, str(archive / "corpus.db")], check=True)
        assert (archive / "corpus.db-wal").stat().st_size > 0
    entry = " ".join(f"'{word}'" for word in ENTRY)
    page, export = tmp_path / "page.html", tmp_path / "export"
    script = f"""
        mount --bind {archive} {archive} && mount -o remount,bind,ro {archive} && cd {tmp_path}
        {entry} status {archive} && {entry} export {archive} {export} && {entry} report {archive} \
        && {entry} report {archive} --out {page} && {entry} corpus stats {archive}
    """
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    first, second = result.stderr.splitlines()
    assert first.startswith("archloop: ") and "kept nowhere" in first
    assert f"The page can go there: archloop report {archive} --out FILE" in second
    assert page.is_file() and (export / "sft.jsonl").is_file()


def test_a_report_with_a_place_of_its_own_leaves_the_run_as_it_was(tmp_path: Path, run: Path) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in run.rglob("*.*"))
    result = archloop("report", run, "--out", tmp_path / "page.html")
    assert result.returncode == 0, result.stderr
    assert "metrics.jsonl" not in result.stdout and (tmp_path / "page.html").is_file()
    after = sorted((path, path.stat().st_mtime_ns) for path in run.rglob("*.*"))
    assert [row for row in after if "corpus.db" not in row[0].name] == [
        row for row in before if "corpus.db" not in row[0].name
    ]


@pytest.mark.skipif(not works(*NO_HOME), reason="a user without an entry needs user namespaces (unshare)")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["doctor"], 0),
        (["run", "--prepare", "--preset", "smoke", "--out", "run"], 0),
        (["run", "--prepare", "--out", "run", "--set", "evaluator.task=cifar10"], 2),
        (["evaluate", "a.py", "--task", "images", "--set", "evaluator.data_path=~/pictures"], 2),
    ],
)
def test_a_user_without_a_home_is_no_obstacle(tmp_path: Path, words: list[str], code: int) -> None:
    (tmp_path / "a.py").write_text("a = 1\n")
    result = archloop(*words, prefix=NO_HOME, cwd=tmp_path, env={"PATH": os.environ["PATH"]})
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_the_output_cannot_show_is_replaced(tmp_path: Path, run: Path, encoding: str) -> None:
    odd = Path(shutil.copytree(run, tmp_path / "réseau → 网"))
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for words in (
        ["report", odd],
        ["corpus", "search", odd],
        ["config", "diff", odd],
        ["status", odd, "--json"],
    ):
        result = subprocess.run([*ENTRY, *map(str, words)], capture_output=True, check=False, env=environment)
        assert result.returncode == 0, result.stderr
        # typer takes an output in ASCII for one that is set up wrongly, and writes UTF-8 there.
        assert "→".encode() not in result.stdout or encoding == "ascii"


def test_a_mark_of_byte_order_is_no_part_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbfcycles = 2\n")
    shown = archloop("config", "show", "-p", tmp_path / "mine.toml")
    assert shown.returncode == 0 and "cycles = 2" in shown.stdout
