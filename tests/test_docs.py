"""What the documents say is so: commands exist with their options, the tutorial runs, columns are there."""

from __future__ import annotations

import functools
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from corpus.ledger.schema import migrate
from corpus.ledger.steps import LEDGER_TABLES
from cycles.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TUTORIAL = ROOT / "docs" / "tutorial.md"
FORM = re.compile(r"[A-Z]+|\.\.\.|\S+\|\S+")
"""What stands for a command in prose: `archloop ...`, `archloop config show|diff`."""


def fenced(text: str) -> list[str]:
    """Return the contents of the bash blocks."""
    return re.findall(r"^```(?:bash|sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(document: Path) -> list[list[str]]:
    """Return the words of every command in the document's bash blocks and in its `archloop ...` spans."""
    text = document.read_text(encoding="utf-8")
    blocks = [line for block in fenced(text) for line in block.replace("\\\n", " ").splitlines()]
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    spans = re.findall(r"`((?:archloop|bash scripts/)[^`]*)`", prose)
    found = []
    for line in [*blocks, *spans]:
        line = re.sub(r"^\$ ", "", line.strip())
        for part in re.split(r"\s(?:&&|\||;)\s", line):
            words = shlex.split(part, comments=True)
            while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0]):
                words = words[1:]
            if words:
                found.append(words)
    return found


def script_of(words: list[str]) -> str | None:
    """Return the script of ours that a command runs, None for a command of another's."""
    runner = 1 if words[0] in ("bash", "python", ".venv/bin/python") else 0
    name = words[runner] if len(words) > runner else ""
    return name if name.startswith("scripts/") else None


@functools.cache
def command_line() -> Any:
    return typer.main.get_command(app)


def unknown(words: list[str]) -> str | None:
    """Return what the command line does not know in `archloop ...`, None if all of it exists."""
    command = command_line()
    rest = list(words[1:])
    while (inner := getattr(command, "commands", None)) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        if FORM.fullmatch(name):
            return None
        if name not in inner:
            return name
        command = inner[name]
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    known |= {"--help", "--install-completion", "--show-completion"}
    options = [word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"]
    return next((option for option in options if option not in known), None)


def written_commands() -> list[tuple[str, list[str]]]:
    return [(document.name, words) for document in DOCUMENTS for words in commands(document)]


def test_there_are_commands_to_check() -> None:
    ours = [words for _, words in written_commands() if words[0] == "archloop" or script_of(words)]
    assert len(ours) > 20


def test_every_archloop_command_in_the_documents_exists_with_its_options() -> None:
    wrong = [
        f"{document}: {' '.join(words)}: {problem}"
        for document, words in written_commands()
        if words[0].endswith("archloop") and (problem := unknown(words)) is not None
    ]
    assert wrong == []


def test_a_command_that_does_not_exist_would_be_found() -> None:
    assert unknown(["archloop", "rum"]) == "rum"
    assert unknown(["archloop", "run", "--sede", "1"]) == "--sede"
    assert unknown(["archloop", "config", "diff", "smoke", "--json"]) is None


def test_every_script_in_the_documents_exists_and_knows_the_options() -> None:
    wrong = []
    for document, words in written_commands():
        name = script_of(words)
        if name is None:
            continue
        if not (ROOT / name).is_file():
            wrong.append(f"{document}: {name} is not there")
            continue
        text = (ROOT / name).read_text(encoding="utf-8")
        after = words[words.index(name) + 1 :]
        options = [word.partition("=")[0] for word in after if word.startswith("--")]
        if name != "scripts/test":  # it hands its options on to pytest
            wrong += [f"{document}: {name} {each}" for each in options if each not in text]
    assert wrong == []


def test_every_link_between_the_documents_leads_somewhere() -> None:
    broken = []
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8")):
            if "://" not in target and not (document.parent / target).exists():
                broken.append(f"{document.name}: {target}")
    assert broken == []


@pytest.mark.parametrize("table", LEDGER_TABLES)
def test_the_data_dictionary_holds_every_column_with_its_type(table: str) -> None:
    text = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    section = re.search(rf"^## `{table}`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/data-dictionary.md has no section for {table}"
    documented = re.findall(r"^\| `(\w+)` \| ([^|]+?) \| [^|]{8,} \|$", section[1], re.MULTILINE)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    real = [
        (name, kind if required or name == "seq" else f"{kind}, null")
        for _, name, kind, required, *_ in connection.execute(f"PRAGMA table_info({table})")
    ]
    connection.close()
    assert sorted(documented) == sorted(real)


def test_the_glossary_is_in_order_and_says_each_word_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| ([^|]+?) \| [^|]+\|$", text, re.MULTILINE)[1:]
    terms = [term for term in terms if not set(term) <= {"-"}]
    assert len(terms) > 40
    assert terms == sorted(set(terms), key=str.lower)


@pytest.mark.timeout(900)
def test_the_tutorial_runs_as_it_stands(tmp_path: Path) -> None:
    blocks = re.findall(
        r"^<!-- run -->\n```bash\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(blocks) >= 5
    program = ROOT / "tests" / "programs" / "small_cnn.py"
    script = "\n".join(["set -ex", *blocks]).replace("PROGRAM", shlex.quote(str(program)))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=880,
        check=False,
    )
    (tmp_path / "output.txt").write_text(result.stdout)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert (tmp_path / "runs" / "look" / "report.html").is_file()
    assert "archloop runs here" in result.stdout and "small_cnn" in result.stdout
