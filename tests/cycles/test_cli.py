"""The command line as its users meet it: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.ledger.reader import Ledger
from corpus.records.evaluations import EvaluationStatus
from corpus.records.mistakes import Mistake
from cycles.cli.steps import _read_examples
from cycles.config.run import load_config
from tests.command_line import ENTRY
from tests.endpoint_server import EndpointServer
from tests.runs import new_run

PROGRAM = (Path(__file__).parents[1] / "programs" / "small_cnn.py").resolve()


def archloop(
    *arguments: str | Path, cwd: Path | None = None, timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    command = [*ENTRY, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False)


def assert_one_clear_line(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    for part in parts:
        assert part in result.stderr


def test_help_loads_nothing_heavy() -> None:
    """Half a second for --help leaves no room for torch, and little for pydantic."""
    code = (
        "import sys; from cycles.cli.app import main; sys.argv = ['archloop', '--help']\n"
        "try: main()\n"
        "finally: print([m for m in ('torch', 'transformers', 'numpy', 'pydantic') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert result.stdout.rstrip().endswith("[]")


@pytest.mark.parametrize(
    "command",
    [
        *("run", "resume", "status", "report", "watch", "serve", "export", "import", "init", "doctor"),
        *("generate", "evaluate", "probe", "finetune", "final", "config show", "config diff"),
        *("strategies", "compare", "retest", "predict"),
        *("corpus stats", "corpus dedupe", "corpus show", "corpus diff", "corpus search"),
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    result = archloop(*command.split(), "--help")
    assert result.returncode == 0
    assert "--json" in result.stdout


def test_config_show_prints_toml_that_run_accepts(tmp_path: Path) -> None:
    shown = archloop("config", "show", "--preset", "smoke", "--set", "seed=5")
    (tmp_path / "mine.toml").write_text(shown.stdout)
    again = archloop("config", "show", "--preset", tmp_path / "mine.toml")
    assert again.stdout == shown.stdout


def test_an_unknown_preset_is_one_line(tmp_path: Path) -> None:
    assert_one_clear_line(archloop("run", "--preset", "cpu-tny", cwd=tmp_path), "Did you mean 'cpu-tiny'")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_key_is_one_line(tmp_path: Path) -> None:
    assert_one_clear_line(archloop("run", "--set", "cycels=3", cwd=tmp_path), "Did you mean 'cycles'")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_task_is_one_line(tmp_path: Path) -> None:
    assert_one_clear_line(archloop("run", "--set", "evaluator.task=digitz", cwd=tmp_path), "digits")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_model_is_one_line(tmp_path: Path) -> None:
    result = archloop("run", "--set", "generator.model=./nowhere", cwd=tmp_path)
    assert_one_clear_line(result, "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_run_directory_that_exists_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    assert_one_clear_line(archloop("run", "--out", tmp_path / "mine"), "archloop resume")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("command", ["resume", "status", "report"])
def test_a_directory_without_a_run_is_one_line(tmp_path: Path, command: str) -> None:
    assert_one_clear_line(archloop(command, tmp_path), "holds no run")


def test_a_missing_program_is_one_line(tmp_path: Path) -> None:
    assert_one_clear_line(archloop("evaluate", tmp_path / "gone.py"), "no such file")


@pytest.mark.parametrize("command", ["resume", "status", pytest.param("report", marks=pytest.mark.slow)])
def test_a_corrupt_ledger_is_one_line_and_stays_as_it_is(tmp_path: Path, command: str) -> None:
    run = tmp_path / "run"
    new_run(run, load_config("smoke"))
    (run / "corpus.db").write_bytes(b"SQLite format 3\x00" + os.urandom(4096))
    before = (run / "corpus.db").read_bytes()
    assert_one_clear_line(archloop(command, run), "corpus.db")
    assert (run / "corpus.db").read_bytes() == before


@pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="root needs setpriv to give up rights"
)
def test_a_place_without_write_permission_is_one_line(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    command = [*drop, *ENTRY, "run", "--out", str(closed / "run")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert_one_clear_line(result, "permission denied")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which only Linux has")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    run = tmp_path / "run"
    new_run(run, load_config("smoke", ["candidates=2"]))
    with_one_cycle = archloop("generate", "--run", run)
    assert with_one_cycle.returncode == 0, with_one_cycle.stderr
    full = 'ln -s /dev/full "$0/.metrics.jsonl.partial-$$"; exec "$@"'  # where this process will write
    command = ["sh", "-c", full, str(run), *ENTRY, "evaluate", "--run", str(run)]
    told = subprocess.run(command, capture_output=True, text=True)
    assert_one_clear_line(told, "No space left", "archloop resume")
    assert archloop("report", run).returncode == 0


def test_evaluate_prints_a_json_line_per_program(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n")
    result = archloop("evaluate", PROGRAM, broken, "--task", "digits-clean", "--json")
    assert result.returncode == 0, result.stderr
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["path"] == str(PROGRAM)
    assert first["status"] == "COMPLETE" and first["accuracy"] > 0.3
    assert second["status"] == "SYNTAX_ERROR" and second["error"]


def test_probe_prints_a_json_line_per_program_and_trains_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n")
    result = archloop("probe", PROGRAM, broken, "--task", "digits-clean", "--json")
    assert result.returncode == 0, result.stderr
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["path"] == str(PROGRAM)
    assert (first["failure"], first["output_shape"]) == (None, [10])
    assert first["parameters"] > 0 and first["flops"] > 0
    assert second["failure"] == "SYNTAX_ERROR" and second["error"]


def test_probe_says_in_words_what_a_program_builds() -> None:
    result = archloop("probe", PROGRAM, "--task", "digits-clean")
    assert re.fullmatch(
        rf"{PROGRAM}  PASSED  parameters [\d,]+  FLOPs [\d,]+  output \(10\)\n", result.stdout
    )


def test_generate_writes_the_programs_it_lists(tmp_path: Path) -> None:
    result = archloop("generate", "-n", "3", "--out", tmp_path / "programs", "--json")
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(rows) == 3
    for row in rows:
        assert (row["path"] is None) == (row["source"] is None)
        if row["path"]:
            assert Path(row["path"]).read_text() == row["source"]


def test_a_training_row_may_hold_any_character_and_one_that_is_none_is_named(tmp_path: Path) -> None:
    prompt = [{"role": "user", "content": "a\u2028network"}]
    row = {"prompt": prompt, "completion": [{"role": "assistant", "content": "x = 1\x85"}]}
    path = tmp_path / "sft.jsonl"
    path.write_text("\ufeff" + json.dumps(row, ensure_ascii=False) + "\n\n")
    (example,) = _read_examples(path)
    assert (example.prompt[0].content, example.completion) == ("a\u2028network", "x = 1\x85")
    for broken in ('{"prompt": []', '{"prompt": []}', '"completion"', '{"prompt": 1, "completion": "x"}'):
        path.write_text(f"\n{broken}\n")
        with pytest.raises(Mistake, match=r"sft.jsonl, line 2: .* Each row needs"):
            _read_examples(path)


def test_finetune_reads_rows_and_writes_an_adapter_that_generate_loads(tmp_path: Path) -> None:
    rows = tmp_path / "sft.jsonl"
    row = {"prompt": [{"role": "user", "content": "a network"}], "completion": PROGRAM.read_text()}
    rows.write_text("".join(json.dumps(row) + "\n" for _ in range(4)))
    trained = archloop(
        "finetune", rows, "--out", tmp_path / "adapter", "--set", "finetune.max_steps=2", "--json"
    )
    assert trained.returncode == 0, trained.stderr
    assert json.loads(trained.stdout)["steps"] == 2
    written = archloop("generate", "-n", "1", "--adapter", tmp_path / "adapter", "--json")
    assert written.returncode == 0, written.stderr


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    rows = tmp_path / "sft.jsonl"
    rows.write_text('{"prompt": [{"role": "user", "content": "x"}], "completion": "y"}\n{"prompt": 3}\n')
    assert_one_clear_line(archloop("finetune", rows, "--out", tmp_path / "adapter"), "line 2")


def test_a_run_whose_server_is_away_ends_with_code_5_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with EndpointServer() as server:  # for a port that is free now
        port = server.server_address[1]
    path = str(tmp_path / "run")
    settings = ["cycles=1", "candidates=4", 'teaching.by="nobody"', "generator.sampler=server"]
    settings += [f"generator.server.url=http://127.0.0.1:{port}/v1", "generator.server.attempts=1"]
    options = [word for setting in settings for word in ("--set", setting)]
    away = archloop("run", "--preset", "smoke", "--out", path, *options)
    assert away.returncode == 5 and "archloop resume" in away.stderr, away.stderr
    assert "Traceback" not in away.stderr
    with EndpointServer(port=port):
        back = archloop("resume", path)
    assert back.returncode == 0, back.stderr
    with Ledger.open(tmp_path / "run" / "corpus.db") as ledger:
        assert [row.evaluation.status for row in ledger.judged(0)] == [EvaluationStatus.NO_CODE] * 4
