"""How commands end: Ctrl-C, a reader that goes away, remedies that a shell reads as they are meant."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.exchange.program_folder import read_folder, write_program
from corpus.records.mistakes import command_line
from cycles.cli.endings import endings, keeping, working_on
from cycles.run.interruption import Interrupted
from generator.samplers.contract import UpstreamError
from tests.command_line import ENTRY
from tests.endpoint_server import EndpointServer
from tests.runs import write_run


@pytest.mark.parametrize(
    "words", [["--help"], ["config", "schema"], ["report", "RUN"], ["corpus", "search", "RUN"]]
)
def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path, words: list[str]) -> None:
    run = write_run(tmp_path / "run", cycles=1, count=4)
    reading, writing = os.pipe()
    os.close(reading)
    command = [*ENTRY, *(str(run) if word == "RUN" else word for word in words)]
    result = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (result.returncode, result.stderr) == (141, "")


def test_a_pipe_of_ours_that_breaks_is_a_fault_with_its_traceback() -> None:
    with pytest.raises(BrokenPipeError), endings():
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which only Linux has")
def test_an_output_that_is_full_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*ENTRY, "config", "show"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 2 and result.stderr.count("\n") == 1, result.stderr


def test_ctrl_c_while_the_commands_still_load_is_quiet() -> None:
    code = (
        "import sys\n"
        "class Stop:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from cycles.__main__ import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (130, "")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Interrupted])
def test_ctrl_c_says_what_is_kept(
    stop: type[BaseException], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end, endings(), keeping("the programs in p are kept."):
        raise stop
    assert end.value.code == 130
    assert capsys.readouterr().err == "archloop: Interrupted; the programs in p are kept.\n"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["generate", "-n", "50"], "what was printed stands"),
        (["evaluate", *["a.py"] * 50, "--task", "digits-clean"], "the judgements printed so far stand"),
    ],
)
def test_ctrl_c_in_a_single_step_is_a_word_and_130(tmp_path: Path, words: list[str], kept: str) -> None:
    shutil.copy(Path(__file__).parents[1] / "programs" / "small_cnn.py", tmp_path / "a.py")
    process = subprocess.Popen(
        [*ENTRY, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("archloop: Interrupted; ") and kept in said
    assert "Traceback" not in said


@pytest.mark.parametrize("run", [None, Path("my runs/it's; $(touch x)")])
def test_only_the_work_on_a_run_is_resumed_and_by_a_line_that_a_shell_reads(
    run: Path | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end, endings():
        if run is None:
            raise UpstreamError("The server is gone.")
        with working_on(run):
            raise UpstreamError("The server is gone.")
    said = capsys.readouterr().err
    assert end.value.code == 5
    assert ("resume" in said) == (run is not None)
    if run is not None:
        assert shlex.split(said.partition("Go on with: ")[2]) == ["archloop", "resume", str(run)]


def test_a_remedy_is_a_line_that_a_shell_reads_as_its_words() -> None:
    words = ["archloop", "resume", "a b", "it's", "$(x)", "-n"]
    assert shlex.split(command_line(*words)) == words


@pytest.mark.parametrize("text", ["a = '\ud83d'\n", "a = '\u2028'\r\n", "# é\n"])
def test_a_program_is_written_whole(tmp_path: Path, text: str) -> None:
    write_program(tmp_path / "a.py", text)
    (tmp_path / "b.py").write_bytes(b"\xef\xbb\xbfb = 1\n")
    assert (tmp_path / "a.py").read_bytes().decode("utf-8") == text.replace("\ud83d", "?")
    assert read_folder(tmp_path)["b.py"] == "b = 1\n"


@pytest.mark.parametrize(
    "value", ["sk-secret-1234\n", "sk-secret\n-1234", "sk-sécret-1234", " sk-secret-1234 "]
)
def test_no_message_and_no_log_holds_the_key(tmp_path: Path, value: str) -> None:
    def repeats(handler: object) -> None:
        key = handler.headers["Authorization"]  # type: ignore[attr-defined]
        handler.reply(500, {"error": {"message": f"wrong key {key}"}})  # type: ignore[attr-defined]

    with EndpointServer(*[repeats] * 9) as server:
        url = server.url.replace("//", "//me:hidden-word@")
        settings = ["cycles=1", "candidates=2", "generator.sampler=server", f"generator.server.url={url}"]
        settings += ["generator.server.api_key_variable=KEY", "generator.server.attempts=2"]
        settings += ["generator.server.backoff_seconds=0", 'teaching.by="nobody"']
        options = [word for setting in settings for word in ("--set", setting)]
        result = subprocess.run(
            [*ENTRY, "run", "--preset", "smoke", "--out", str(tmp_path / "run"), *options],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "KEY": value},
        )
    assert result.returncode == 5, result.stderr
    log = (tmp_path / "run" / "logs" / "run.log").read_text()
    for secret in ("secret-1234", "sk-secret", "sécret", "hidden-word"):
        assert secret not in result.stderr + result.stdout + log


@pytest.mark.parametrize(("push", "word"), [(False, None), (True, "onnect")])
def test_only_a_push_asks_the_hub(tmp_path: Path, push: bool, word: str | None) -> None:
    run = write_run(tmp_path / "run", cycles=1, count=4)
    code = (
        "import atexit; from cycles.__main__ import main\n"
        "atexit.register(lambda: print(__import__('huggingface_hub').constants.HF_HUB_OFFLINE)); main()"
    )
    words = ["export", str(run), str(tmp_path / "out"), *(["--push", "some/one"] if push else [])]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "HF_TOKEN": "hf_x"}
    result = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, env=environment
    )
    assert result.stdout.splitlines()[-1] == str(not push)
    assert result.returncode == (2 if push else 0), result.stderr
    assert "offline" not in result.stderr.lower() and (word or "") in result.stderr
