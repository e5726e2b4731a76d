"""`archloop ideas` as its users meet it: what it prints, how it ends; the model is a small real server."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide
from corpus.records.mistakes import Mistake
from corpus.records.search.ideas import Codemod, Idea, IdeaSource
from cycles.cli.app import app
from cycles.config.run import RunConfig
from generator.ideas.pool import IdeaPool, read_pool, write_pool
from generator.ideas.told import Told
from tests.command_line import ENTRY
from tests.endpoint_server import EndpointServer, Fault, Handler, answer
from tests.generator.ideas.growing.papers import GELU, LEAVES, PAPER, SHORTCUT, STATED
from tests.ledgers import candidate, evaluation, prompt
from tests.runs import SMALL, new_run, write_run

KNOWN = Idea(
    id="sum-of-two",
    path=SHORTCUT.path,
    statement="Add what enters two blocks to what leaves the second.",
    sources=(IdeaSource(title="ours", section="1", licence="MIT"),),
    codemod=Codemod(match="shortcut", becomes="_ _", shows=("+add",)),
)


def says(*statements: str) -> Fault:
    return lambda handler: handler.reply(200, answer(json.dumps({"ideas": statements})))


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "a.md").write_text(PAPER)
    (folder / "b.txt").write_text("A smooth SiLU stands behind the first layer.")
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_pool(IdeaPool(LEAVES, [KNOWN]), tmp_path / "base.toml")
    return tmp_path / "base.toml"


def building(papers: Path, base: Path, server: EndpointServer, *words: str) -> list[str]:
    """Return the words of a build that asks a server, `out.toml` beside the papers."""
    endpoint = ["--set", "generator.sampler=server", "--set", f'generator.server.url="{server.url}"']
    endpoint += ["--set", "generator.server.attempts=1", "--set", "generator.server.system_turn=false"]
    places = ["--papers", str(papers), "--out", str(papers.parent / "out.toml"), "--ideas", str(base)]
    return ["ideas", "build", *places, *endpoint, *words]


def invoked(*words: str | Path) -> tuple[str, str]:
    """Return what a command prints on its two outputs."""
    result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def refused(*words: str | Path) -> str:
    """Return the line that a command ends with."""
    with pytest.raises(Mistake) as said:
        CliRunner().invoke(app, ["ideas", *map(str, words)], catch_exceptions=False)
    assert "\n" not in str(said.value)
    return str(said.value)


def test_a_build_asks_writes_and_says_what_came_of_it(papers: Path, base: Path) -> None:
    with EndpointServer(says(STATED, "GELU!"), says(), says("no")) as server:
        out, _ = invoked(*building(papers, base, server, "--json"))
        (first, *_) = server.chats()
    row = json.loads(out)
    assert "operator / activation / smooth" in first["messages"][-1]["content"]
    counts = {"asked": 3, "asked_now": 3, "answered": 3, "empty": 1, "statements": 3, "usable": 1, "new": 1}
    assert {name: row[name] for name in counts} == counts
    assert row["flaws"] == {"too short": 2} and row["how"] == {"guided": 3} and row["model"] == "tiny"
    assert row["documents"] == 2 and row["by_path"][GELU.path]["new"] == 1
    pool = read_pool(papers.parent / "out.toml")
    known, new = pool.ideas.values()
    assert known == KNOWN and list(pool.template.values()) == list(LEAVES)
    assert (new.statement, new.author, new.sources[0].section) == (STATED, "tiny", "Activations")
    assert (row["out"], row["ideas"]) == (str(papers.parent / "out.toml"), 2)


def test_only_new_ideas_and_only_one_kind_on_request(papers: Path, base: Path) -> None:
    with EndpointServer(says(STATED), says()) as server:
        out, err = invoked(*building(papers, base, server, "--only-new", "--at", "operator/activation"))
        assert len(server.chats()) == 2
    assert [idea.statement for idea in read_pool(papers.parent / "out.toml").ideas.values()] == [STATED]
    assert "tiny was asked 2 questions, 2 of them now, and gave 2 answers of the right form" in out
    assert "Of 1 statements 1 can be used; 0 of them" in out and "1 ideas, 1 of them new." in out
    assert err == "2 questions, about 2 documents.\n"


def test_a_model_that_says_nothing_usable_is_said_to(papers: Path, base: Path) -> None:
    """The server's usual answers are no documents: none has the right form, and each is asked for twice."""
    (papers / "c.pdf").write_text("no PDF")
    with EndpointServer() as server:
        out, err = invoked(*building(papers, base, server, "--set", "generator.server.guide=none"))
        assert len(server.chats()) == 6
    assert "gave 0 answers of the right form (rule 3)" in out and "Of 0 statements 0 can be used" in out
    assert "2 documents read, 1 passed over" in out
    assert "Nothing that tiny said can be used. Ask a chat model" in err
    assert "Passed over:" in err and "c.pdf: damaged" in err


def test_ctrl_c_loses_no_answer_and_the_same_command_goes_on(papers: Path, base: Path) -> None:
    waiting = threading.Event()

    def hang(handler: Handler) -> None:
        waiting.set()
        time.sleep(5)
        handler.close_connection = True

    with EndpointServer(says(STATED), says(), hang) as server:
        words = building(papers, base, server, "--json")
        process = subprocess.Popen(
            [*ENTRY, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert waiting.wait(60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "Interrupted; what was answered is kept. Give the same command again to go on." in err
        assert not (papers.parent / "out.toml").exists()
        server.faults.append(says())
        row = json.loads(invoked(*words)[0])
    assert (row["asked"], row["asked_now"], row["new"]) == (3, 1, 1)


def test_a_build_given_again_over_more_papers_asks_about_these(papers: Path, base: Path) -> None:
    with EndpointServer(says(STATED), says(), says()) as server:
        words = building(papers, base, server, "--json")
        invoked(*words)
        (papers / "c.txt").write_text("Dilation widens the window of a convolution in the last stage.")
        server.faults.append(says("Widen the window of a convolution in the last stage by dilation."))
        row = json.loads(invoked(*words)[0])
    assert (row["asked"], row["asked_now"], row["new"], row["ideas"]) == (4, 1, 2, 3)


def test_a_build_refuses_what_it_cannot_use_before_it_asks(papers: Path, base: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "new.toml", "--ideas", base)
    assert "no such folder" in refused("build", "--papers", tmp_path / "absent", *out)
    (tmp_path / "empty").mkdir()
    assert "no document is there" in refused("build", "--papers", tmp_path / "empty", *out)
    said = refused("build", "--papers", papers, *out, "--at", "operator/activatoin")
    assert "no part 'operator/activatoin'. Did you mean 'operator/activation'?" in said
    said = refused("build", "--papers", papers, *out, "--licence", "free\nfor all")
    assert "no SPDX expression. Write one" in said
    said = refused("build", "--papers", papers, *out, "--at", "operator/convolution/dilated")
    assert "no document speaks of these kinds of ideas" in said
    assert "no build made it" in refused("build", "--papers", papers, "--out", base, "--ideas", base)
    assert not (tmp_path / "new.toml").exists()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of eight candidates that went by ideas, six of the first kind; half of them are valid."""
    directory = new_run(tmp_path / "run", RunConfig(cycles=1, candidates=8, corpus=SMALL))
    paths = [GELU.path] * 6 + [SHORTCUT.path] * 2
    notes = {"by": "codemod", "downscale": "2"}
    told = [Told("fair", path, "sum-of-two", notes).text() for path in paths]
    with LedgerWriter.open(directory.ledger_file) as ledger:
        ledger.add_ideas(LEAVES, [KNOWN])
        ledger.add_prompts(0, [prompt(0, index) for index in range(8)])
        rows = [candidate(0, index, f"x = {index}\n") for index in range(8)]
        rows = [row.model_copy(update={"idea": text}) for row, text in zip(rows, told, strict=True)]
        ledger.add_candidates(rows)
        for index, row in enumerate(rows):
            judged = evaluation(row, None if index % 2 else 0.9)
            ledger.add_judgement(judged, decide(judged, None, SMALL))
    return directory.path


def test_ideas_are_listed_by_part_and_from_a_run(base: Path, run: Path) -> None:
    for place in (base, run, run / "corpus.db"):
        out, _ = invoked("ideas", "list", "--ideas", place)
        assert "sum-of-two" in out and "1 ideas." in out
        assert "0 ideas." in invoked("ideas", "list", "--ideas", place, "--at", "operator")[0]
    (row,) = map(json.loads, invoked("ideas", "list", "--ideas", base, "--json")[0].splitlines())
    assert Idea.model_validate(row) == KNOWN


def test_an_idea_is_shown_with_all_that_is_known_of_it(base: Path) -> None:
    out, _ = invoked("ideas", "show", "sum-of-two", "--ideas", base)
    for part in (SHORTCUT.path, KNOWN.statement, "- ours, 1 (MIT)", "match: shortcut", "shows: +add"):
        assert part in out
    assert "Did you mean 'sum-of-two'?" in refused("show", "sum-of-tow", "--ideas", base)


def test_a_pool_is_counted_part_by_part(base: Path) -> None:
    found = json.loads(invoked("ideas", "stats", "--ideas", base, "--json")[0])
    assert found["parts"][:2] == [
        {"path": "operator", "ideas": 0, "codemods": 0},
        {"path": "operator/activation", "ideas": 0, "codemods": 0},
    ]
    assert {"path": "block", "ideas": 1, "codemods": 1} in found["parts"]
    assert found["authors"] == {"archloop": 1} and found["evenness"]["categories"] == 0
    out, _ = invoked("ideas", "stats", "--ideas", base)
    assert "By author: archloop 1." in out and "categories 0.00" in out


def test_the_shipped_ideas_are_those_that_are_meant_without_a_file() -> None:
    found: dict[str, Any] = json.loads(invoked("ideas", "stats", "--json")[0])
    assert {part["path"] for part in found["parts"]} > {"operator", "block", "network"}


def test_a_runs_coverage_is_counted_category_by_category(run: Path) -> None:
    found = json.loads(invoked("ideas", "coverage", run, "--json")[0])
    counts = {each["path"]: each["proposed"] for each in found["told"]["categories"]}
    assert counts == {"operator/activation": 6, "block/residual": 2, "operator/convolution": 0}
    assert [each["valid"] for each in found["told"]["categories"]] == [3, 1, 0]
    out, _ = invoked("ideas", "coverage", run)
    assert "8 of 8 candidates have a place, by the ideas that they came of." in out
    assert "   16  downscale: " in out and "(8 candidates)" in out and "truncated" not in out


def test_what_holds_no_ideas_is_named_with_the_remedy(tmp_path: Path) -> None:
    plain = write_run(tmp_path / "plain", cycles=1, count=2)
    for command in (("coverage", plain), ("list", "--ideas", plain)):
        assert "this run goes by no ideas. Start one that does" in refused(*command)
    (tmp_path / "empty").mkdir()
    assert "holds no run" in refused("coverage", tmp_path / "empty")
    assert "cannot be read" in refused("stats", "--ideas", tmp_path / "absent.toml")
