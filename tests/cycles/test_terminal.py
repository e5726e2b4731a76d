"""Whatever others wrote, on its way to the terminal: it steers nothing, forges no line, and is no markup."""

from __future__ import annotations

import logging
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w

from corpus.config import CorpusConfig
from corpus.records.mistakes import Mistake
from corpus.records.text import escaped, indented, one_line, visible
from cycles.cli.app import main
from cycles.preflight.doctor.finding import warn
from cycles.showing.progress import PlainProgress, TerminalProgress
from cycles.showing.terminal import LogLines, console, say
from tests.ledgers import new_corpus, program, write_cycle

EVIL = "x\x1b[2J\x9b1m\rb\u202ec\u200b[/red][bold]:bomb:\nFORGED  COMPLETE"
"""Erases the screen, returns to the start, turns the line, closes a style, begins a line of its own."""

MARKED = ("[2J", "[/red]", "[bold]", ":bomb:")

Shown = Callable[[Path, pytest.MonkeyPatch], None]


def command(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["archloop", *map(str, words)])
    with pytest.raises(SystemExit):
        main()


def evil_folder(place: Path) -> Path:
    """A folder of a network, a copy of it, and what is neither, all with names that mean harm."""
    folder = place / EVIL
    folder.mkdir(parents=True)
    (folder / "a\x1b[2J\nFORGED.py").write_text(program("conv relu"))
    (folder / "b\x1b[2J\nFORGED.py").write_text(program("conv relu"))
    (folder / "c\u202e\nFORGED.py").write_text(f"raise {EVIL!r} !")
    (folder / "d\nFORGED.py").symlink_to("/etc/\x1b[2J")
    return folder


def evil_run(place: Path) -> Path:
    from cycles.config.run import RunConfig
    from cycles.run.run_directory import RunDirectory

    run = RunDirectory.create(place / EVIL, RunConfig())
    with new_corpus(run.path) as ledger:
        write_cycle(ledger, 0, [(program("conv relu"), 0.75)], CorpusConfig())
    return run.path


def imported(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    command(monkeypatch, "import", evil_folder(place), place / "new.db")
    return place / "new.db"


def show_folder(name: str) -> Shown:
    return lambda place, monkeypatch: command(monkeypatch, "corpus", name, evil_folder(place))


def show_ledger(*words: str) -> Shown:
    def show(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        command(monkeypatch, "corpus", words[0], imported(place, monkeypatch), *words[1:])

    return show


def show_run(*words: str) -> Shown:
    return lambda place, monkeypatch: command(monkeypatch, *words, evil_run(place))


def show_diff(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted(evil_folder(place).glob("[ac]*"))
    command(monkeypatch, "corpus", "diff", files[0].parent, *files)


def show_mistake(text: str) -> Shown:
    def show(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_path: Path) -> None:
            raise Mistake(text)

        monkeypatch.setattr("cycles.run.run_directory.RunDirectory.open", refuse)
        command(monkeypatch, "status", "run")

    return show


def show_finding(_place: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    from cycles.cli.setup import _show

    _show(console(pipe_width=140), warn(EVIL, EVIL, EVIL))


def show_evaluation(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = evil_folder(place) / "e\x1b[2J\nFORGED.py"
    source.write_text(f"raise ValueError({EVIL!r})")
    command(monkeypatch, "evaluate", "--task", "digits-clean", "--set", "evaluator.lint=false", source)


def show_log(_place: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    record = logging.LogRecord("x", logging.WARNING, "x.py", 1, "%s", (EVIL,), None)
    sys.stderr.write(LogLines().format(record))


def show_note(kind: type[PlainProgress | TerminalProgress]) -> Shown:
    return lambda _place, _monkeypatch: kind(console()).note(EVIL)


def show_config(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (
        "--set",
        f"generator.model={EVIL}",
        "--set",
        "strategy.name=random",
        "--set",
        "teaching.by=nobody",
    )
    command(monkeypatch, "config", "show", *words)
    command(monkeypatch, "run", "--dry-run", "--no-calibrate", *words)


OUTPUTS: dict[str, Shown] = {
    "corpus stats": show_folder("stats"),
    "corpus dedupe": show_folder("dedupe"),
    "corpus show": show_ledger("show", "import/"),
    "corpus search": show_ledger("search"),
    "corpus diff": show_diff,
    "import": lambda place, monkeypatch: (imported(place, monkeypatch), None)[1],
    "evaluate": show_evaluation,
    "report": show_run("report"),
    "export": lambda place, monkeypatch: command(
        monkeypatch, "export", imported(place, monkeypatch), place / EVIL / "x"
    ),
    "doctor": show_finding,
    "a mistake": show_mistake(EVIL),
    "a note": show_note(PlainProgress),
    "a note on a terminal": show_note(TerminalProgress),
    "a log line": show_log,
    "config": show_config,
}


@pytest.mark.parametrize("show", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_no_text_of_others_steers_the_terminal_or_begins_a_line(
    show: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show(tmp_path, monkeypatch)
    said = "".join(capsys.readouterr())
    assert "FORGED" in said or "⟨U+" in said
    assert sorted({each for each in said if not each.isprintable() and each != "\n"}) == []
    assert [line for line in said.splitlines() if line.startswith("FORGED")] == []
    assert "Traceback" not in said


def test_marks_and_signs_are_printed_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    say(EVIL)
    console().print(EVIL)
    printed = capsys.readouterr().out
    assert all(printed.count(each) == 2 for each in MARKED)


@pytest.mark.parametrize("code", [*range(0x20), 0x7F, 0x85, 0x9B, 0xAD, 0x61C, 0x200F, 0x2028, 0x202E])
def test_a_line_stays_one_line(code: int) -> None:
    made = one_line(f"a{chr(code)}b")
    assert made.isprintable() and made.splitlines() == [made]


def test_what_can_be_seen_is_left_alone() -> None:
    text = "Größe 3 µm, 学習, שלום\n\tindented"
    assert visible(text) == text
    assert indented("a\nb") == "a\n  b"


def test_an_escaped_setting_still_has_its_value() -> None:
    values = {"name": "x\u202ey\x9b\u200b \U000e0041"}
    text = escaped(tomli_w.dumps(values))
    assert tomllib.loads(text) == values and text.rstrip().isprintable()
