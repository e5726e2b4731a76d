"""A configuration that may be a stranger's hands over nothing by itself: not an interpreter, not the jail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cycles.cli.app import main
from cycles.config.run import load_config
from cycles.run.run_directory import RunDirectory

UNSAFE = '[evaluator]\ntask = "digits-clean"\nisolation = "unsafe"\n'


class Stranger:
    """Files of a stranger's, and an interpreter that tells when it was started."""

    def __init__(self, place: Path) -> None:
        self.started, self.python, self.config = place / "started", place / "python", place / "theirs.toml"
        self.run = place / "run"
        self.python.write_text(f"#!/bin/sh\ntouch {self.started}\nexit 1\n")
        self.python.chmod(0o755)

    def writes(self, text: str) -> None:
        self.config.write_text(text)
        RunDirectory.create(self.run, load_config(str(self.config)))

    def names_an_interpreter(self) -> None:
        self.writes(f'[generator]\nsampler = "server"\n[generator.server]\npython = "{self.python}"\n')


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    return Stranger(tmp_path)


def archloop(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object
) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["archloop", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0), capsys.readouterr().err


def commands(stranger: Stranger) -> list[tuple[object, ...]]:
    program = Path(__file__).parents[1] / "programs" / "small_cnn.py"
    preset = ("--preset", stranger.config)
    return [
        ("doctor", *preset),
        ("run", "--dry-run", *preset),
        ("run", *preset, "--out", stranger.run.with_name("new")),
        ("generate", "-n", 1, *preset),
        ("evaluate", program, *preset),
        ("resume", stranger.run),
        ("generate", "--run", stranger.run),
        ("evaluate", "--run", stranger.run),
        ("finetune", "--run", stranger.run),
    ]


@pytest.mark.parametrize("number", range(9))
@pytest.mark.parametrize("what", ["interpreter", "unsafe"])
def test_no_command_does_it_unasked(
    what: str,
    number: int,
    stranger: Stranger,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if what == "interpreter":
        stranger.names_an_interpreter()
    else:
        stranger.writes(UNSAFE)
    code, said = archloop(monkeypatch, capsys, *commands(stranger)[number])
    setting = "generator.server.python" if what == "interpreter" else "evaluator.isolation"
    assert code == 2 and said.count("\n") == 1 and setting in said and "--trust-config" in said
    assert not stranger.started.exists() and not stranger.run.with_name("new").exists()


@pytest.mark.parametrize("agree", [("--trust-config",), ("--set", "generator.server.python={python}")])
def test_an_interpreter_is_started_once_the_user_agrees(
    agree: tuple[str, ...],
    stranger: Stranger,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stranger.names_an_interpreter()
    words = [word.format(python=stranger.python) for word in agree]
    archloop(monkeypatch, capsys, "generate", "-n", 1, "--preset", stranger.config, *words)
    assert stranger.started.exists()


@pytest.mark.parametrize(
    "agree", [("--trust-config",), ("--unsafe",), ("--set", "evaluator.isolation=unsafe")]
)
def test_programs_run_without_a_jail_once_the_user_agrees(
    agree: tuple[str, ...],
    stranger: Stranger,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stranger.writes(UNSAFE)
    program = Path(__file__).parents[1] / "programs" / "small_cnn.py"
    code, said = archloop(monkeypatch, capsys, "evaluate", program, "--preset", stranger.config, *agree)
    assert code == 0 and "NO ISOLATION" in said


def test_what_hands_over_nothing_is_not_asked_about(stranger: Stranger) -> None:
    from cycles.config.trust import require_consent

    elsewhere = load_config(
        overrides=[
            'generator.sampler="server"',
            'generator.server.url="http://localhost:1/v1"',
            'generator.server.python="/bin/python"',
        ]
    )
    require_consent(elsewhere, "theirs.toml")
    require_consent(load_config(), "cpu-tiny")
