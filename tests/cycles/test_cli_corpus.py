"""`archloop corpus ...` over a small real ledger and over a folder of files."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from corpus.config import CorpusConfig
from corpus.ledger.catalogue import UnknownProgramError
from corpus.ledger.reader import Ledger
from corpus.novelty.gate import decide
from corpus.records.machines import Machine
from corpus.records.mistakes import Mistake
from corpus.records.trainings import TrainingResult
from cycles.cli.corpus.commands import corpus_app
from tests.corpus.test_similarity import edited, grammar_programs
from tests.ledgers import candidate, evaluation, new_corpus, prompt, write_cycle

CONFIG = CorpusConfig()
MACHINE = Machine(python="3.11", platform="Linux", machine="x86_64", processor="Chip", cpu_count=2)
PROGRAMS = grammar_programs(6, seed=21)
NEAR = edited(PROGRAMS[0], 1, random.Random(1))
TRAINING = TrainingResult(
    adapter_hash="adapter1", examples=2, truncated=0, steps=2, trainable_parameters=9, seconds=1.0
)


def corpus_command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(corpus_app, [*map(str, arguments)], catch_exceptions=False)


def answered(*arguments: str | Path) -> list[dict[str, object]]:
    result = corpus_command(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger of three cycles, each shown a program of the one before."""
    folder = tmp_path_factory.mktemp("store")
    with new_corpus(folder) as ledger:
        machine_id = ledger.add_machine(MACHINE)
        write_cycle(ledger, 0, [(PROGRAMS[0], 0.6), (NEAR, 0.7), (PROGRAMS[1], None)], CONFIG)
        ledger.record_training(1, TRAINING, ["c000/0000"])
        for cycle, shown in ((1, "c000/0000"), (2, "c001/0000")):
            ledger.add_prompts(cycle, [prompt(cycle, 0).model_copy(update={"exemplar_ids": (shown,)})])
            written = candidate(cycle, 0, PROGRAMS[cycle + 1]).model_copy(
                update={
                    "adapter_hash": "adapter1",
                    "completion": f"Here you are:\n{PROGRAMS[cycle + 1]}",
                    "generator_hash": "base1",
                    "machine_id": machine_id,
                }
            )
            ledger.add_candidates([written])
            judged = evaluation(written, 0.5 + cycle / 10).model_copy(update={"machine_id": machine_id})
            ledger.add_judgement(judged, decide(judged, None, CONFIG))
    return folder / "corpus.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, source in enumerate([PROGRAMS[0], NEAR, PROGRAMS[1]]):
        (tmp_path / f"{number}.py").write_text(source)
    return tmp_path


def test_show_leads_to_prompt_completion_seed_adapter_base_model_protocol_and_machine(store: Path) -> None:
    (found,) = answered("show", store, "c002/0000")
    assert found["prompt"]["messages"][0]["content"] == "1x12x12 images"  # type: ignore[index]
    assert found["candidate"]["completion"].startswith("Here you are")  # type: ignore[index]
    assert found["seed"] == 0
    assert found["adapter"] == {"adapter_hash": "adapter1", "cycle": 1, "training_ids": ["c000/0000"]}
    assert found["candidate"]["generator_hash"] == "base1"  # type: ignore[index]
    assert found["evaluations"][0]["protocol_id"] == "digits-v1/test"  # type: ignore[index]
    assert found["writer"]["processor"] == "Chip"  # type: ignore[index]
    assert list(found["judges"].values()) == [found["writer"]]  # type: ignore[attr-defined]
    assert found["missing"] == ["the sampling parameters"]


def test_show_walks_back_to_the_first_ancestor(store: Path) -> None:
    (found,) = answered("show", store, "c002")
    chain = [(row["id"], row["descendant"]) for row in found["ancestors"]]  # type: ignore[attr-defined]
    assert chain == [("c002/0000", None), ("c001/0000", "c002/0000"), ("c000/0000", "c001/0000")]


def test_show_draws_the_tree_and_says_what_is_not_on_record(store: Path) -> None:
    text = corpus_command("show", store, "c002").stdout
    assert "exemplar c001/0000" in text
    assert "Chip x 2" in text
    assert "Not on record: the sampling parameters." in text


@pytest.mark.parametrize(
    "beginning, told",
    [("c0", "begins 5 ids"), ("c009/0001", "Did you mean 'c00"), ("zzz", "It holds 5 programs")],
)
def test_an_id_that_names_no_single_program_is_told_with_what_there_is(
    store: Path, beginning: str, told: str
) -> None:
    with pytest.raises(UnknownProgramError, match=told):
        corpus_command("show", store, beginning)


@pytest.mark.parametrize("where", ["store", "folder"])
def test_dedupe_groups_near_duplicates_in_a_ledger_and_in_a_folder(
    request: pytest.FixtureRequest, where: str
) -> None:
    groups = answered("dedupe", request.getfixturevalue(where))
    assert len(groups) == 1
    (other,) = groups[0]["others"]  # type: ignore[misc]
    assert other["jaccard"] >= CONFIG.tau


def test_dedupe_at_a_similarity_of_one_tells_programs_apart_that_differ_in_a_number(folder: Path) -> None:
    assert answered("dedupe", folder, "--tau", "1") == []
    assert len(answered("dedupe", folder, "--tau", "1", "--mask-numbers")) == 1


def test_dedupe_writes_the_first_of_every_group_and_deletes_nothing(folder: Path) -> None:
    result = corpus_command("dedupe", folder, "--write", folder / "kept.jsonl")
    assert "3 programs, 1 without near-duplicates" in result.stdout
    assert "1 groups of several. Written: 2 programs to" in result.stdout
    rows = [json.loads(line) for line in (folder / "kept.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["0.py", "2.py"]
    assert rows[0]["source"] == PROGRAMS[0]
    assert [row["id"] for row in rows[0]["duplicates"]] == ["1.py"]
    assert sorted(path.name for path in folder.iterdir()) == ["0.py", "1.py", "2.py", "kept.jsonl"]
    with pytest.raises(Mistake, match="exists already"):
        corpus_command("dedupe", folder, "--write", folder / "kept.jsonl")


def test_stats_count_a_ledger_and_a_folder(store: Path, folder: Path) -> None:
    (figures,) = answered("stats", store)
    assert (figures["programs"], figures["near_duplicates"], figures["admitted"]) == (5, 1, 3)
    assert figures["index_bytes_per_program"] > 0  # type: ignore[operator]
    (figures,) = answered("stats", folder)
    assert (figures["programs"], figures["groups"]) == (3, 2)
    assert "admitted" not in figures


def test_diff_shows_the_changed_line_and_both_similarities(store: Path, tmp_path: Path) -> None:
    (tmp_path / "near.py").write_text(NEAR)
    (found,) = answered("diff", store, "c000/0000", tmp_path / "near.py")
    changed = [line for line in str(found["diff"]).splitlines()[2:] if line[0] in "+-"]
    assert len(changed) == 2
    assert 0.85 < found["jaccard"] < found["jaccard_numbers_masked"] == 1.0  # type: ignore[operator]


def test_diff_of_an_unknown_program_names_a_close_one(store: Path) -> None:
    with pytest.raises(Mistake, match="Did you mean 'c000/0002'"):
        corpus_command("diff", store, "c000/0000", "c000/00022")


@pytest.mark.parametrize(
    "options, expected",
    [
        ([], ["c000/0000", "c000/0001", "c000/0002", "c001/0000", "c002/0000"]),
        (["--min-accuracy", "0.65"], ["c000/0001", "c002/0000"]),
        (["--status", "shape_error"], ["c000/0002"]),
        (["--admitted", "--min-accuracy", "0.6"], ["c000/0000", "c001/0000", "c002/0000"]),
        (["CLASS NET"], ["c000/0000", "c000/0001", "c000/0002", "c001/0000", "c002/0000"]),
        (["no such text"], []),
        (["--limit", "2"], ["c000/0000", "c000/0001"]),
    ],
)
def test_search_filters_combine(store: Path, options: list[str], expected: list[str]) -> None:
    assert [row["id"] for row in answered("search", store, *options)] == expected


def test_search_lists_the_most_similar_first(store: Path, tmp_path: Path) -> None:
    (tmp_path / "query.py").write_text(NEAR)
    rows = answered("search", store, "--similar-to", tmp_path / "query.py", "--limit", "2")
    assert [row["id"] for row in rows] == ["c000/0001", "c000/0000"]
    assert rows[0]["jaccard"] == 1.0
    assert [row["id"] for row in answered("search", store, "--similar-to", "c002", "--limit", "1")] == [
        "c002/0000"
    ]


def test_search_lists_the_far_too_whatever_search_decides_novelty(tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        config = CorpusConfig(search="minhash")
        write_cycle(ledger, 0, [(source, 0.6) for source in PROGRAMS], config)
    rows = answered("search", tmp_path / "corpus.db", "--similar-to", "c000/0003")
    assert len(rows) == len(PROGRAMS) and rows[0]["id"] == "c000/0003"


def test_search_by_family_agrees_with_the_families_it_lists(store: Path) -> None:
    for family in {family for row in answered("search", store) for family in row["families"]}:  # type: ignore[attr-defined]
        assert all(family in row["families"] for row in answered("search", store, "--family", family))  # type: ignore[operator]


@pytest.mark.parametrize(
    "options, told",
    [
        (["--status", "COMPLET"], "Did you mean 'COMPLETE'"),
        (["--family", "residul"], "Did you mean 'residual'"),
    ],
)
def test_a_filter_that_does_not_exist_is_told_with_a_close_one(
    store: Path, options: list[str], told: str
) -> None:
    with pytest.raises(Mistake, match=told):
        corpus_command("search", store, *options)


@pytest.mark.parametrize("command", [["stats"], ["dedupe"], ["show", "x"], ["search"]])
def test_a_place_without_programs_is_told(tmp_path: Path, command: list[str]) -> None:
    with pytest.raises(Mistake, match=r"nor any \.py file|holds no ledger"):
        corpus_command(command[0], tmp_path, *command[1:])


def test_looking_changes_nothing(store: Path) -> None:
    before = store.read_bytes()
    for command in (["stats"], ["dedupe"], ["show", "c001"], ["search"], ["diff", "c001", "c002"]):
        assert corpus_command(command[0], store, *command[1:]).exit_code == 0
    assert store.read_bytes() == before
    with Ledger.open(store) as ledger:
        assert len(ledger.candidates()) == 5


def test_curate_says_what_each_step_leaves_and_writes_what_import_reads(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from cycles.cli import app

    (folder / "again.py").write_text(PROGRAMS[1])
    home = tmp_path_factory.mktemp("curated")
    out = home / "made" / "kept"
    asked = ["corpus", "curate", str(folder), "--out", str(out), "--json"]
    result = CliRunner().invoke(app.app, asked, catch_exceptions=False)
    found = json.loads(result.stdout)
    assert [found[step] for step in ("given", "exact", "lexical", "structural")] == [4, 3, 2, 2]
    assert sorted(path.name for path in out.iterdir()) == sorted(found["kept"]) == ["0.py", "2.py"]
    imported = CliRunner().invoke(
        app.app, ["import", str(out), str(home / "new.db"), "--json"], catch_exceptions=False
    )
    assert imported.exit_code == 0, imported.output
    plain = CliRunner().invoke(app.app, ["corpus", "curate", str(folder)], catch_exceptions=False)
    assert re.findall(r"^ +(\d+) ", plain.stdout, re.MULTILINE)[:4] == ["4", "3", "2", "2"]
    with pytest.raises(Mistake, match="exists already"):
        CliRunner().invoke(app.app, asked, catch_exceptions=False)
