"""The ledger: what is written stays, whole and unchanged, whatever happens to the process or the file."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from corpus.config import CorpusConfig
from corpus.exchange.splits import frozen_splits
from corpus.ledger import rows, schema
from corpus.ledger.connection import file_system_type
from corpus.ledger.errors import (
    ConflictError,
    LedgerCorruptError,
    LedgerError,
    LedgerExistsError,
    LedgerLockedError,
    LedgerMissingError,
    NewerSchemaError,
    NotALedgerError,
    StorageFullError,
)
from corpus.ledger.reader import Ledger
from corpus.ledger.steps import LEDGER_TABLES
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide, seed_admission
from corpus.novelty.structure_index import StructureIndex
from corpus.programs.structure import structure_of
from corpus.records.admissions import Admission, Neighbour
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.exchange import ImportedEvaluation, ImportedProgram, Provenance
from corpus.records.graphs import BATCH, GraphNode, NetworkGraph
from corpus.records.machines import Machine
from corpus.records.prompts import FinishReason, Message, Prompt, SamplingParameters
from corpus.records.search.calls import Answer, AnswerPath, Call, Question, Verb, call_id
from corpus.records.search.ideas import Idea, IdeaSource, SubCategory
from corpus.records.trainings import TrainingResult
from tests.ledgers import module, probe

CONFIG = CorpusConfig()
TRAINING = TrainingResult(
    adapter_hash="ab", examples=3, truncated=0, steps=2, trainable_parameters=9, first_loss=1.5, seconds=0.1
)


def prompt(index: int, cycle: int = 0) -> Prompt:
    return Prompt(
        id=f"c{cycle:03d}/p{index:04d}",
        strategy="closed-loop",
        template="compact",
        messages=(Message(role="user", content="a net, s'il vous plaît"),),
        exemplar_ids=("seed/0000",),
        seed=7 + index,
    )


def candidate(index: int, cycle: int = 0, source: str | None = "") -> Candidate:
    text = f"x = {index}\n" if source == "" else source
    return Candidate(
        id=f"c{cycle:03d}/{index:04d}",
        origin=Origin.SAMPLED,
        source=text,
        completion=text or "no program",
        finish_reason=FinishReason.STOP,
        token_count=5,
        prompt_id=prompt(index, cycle).id,
        cycle=cycle,
        index=index,
        parents=("seed/0000",),
        generator="tiny",
        adapter_hash="ab",
        sampling=SamplingParameters(),
    )


def seed_program(index: int) -> Candidate:
    return Candidate.seeded(index, f"seed = {index}\n", generator="grammar")


def judgement(index: int, cycle: int = 0, accuracy: float = 0.5) -> tuple[Evaluation, Admission]:
    evaluation = Evaluation(
        candidate_id=candidate(index, cycle).id,
        protocol_id="digits-1",
        status=EvaluationStatus.COMPLETE,
        stage=Stage.DONE,
        accuracy=accuracy,
        losses=(2.5, 0.125),
        wall_seconds=0.25,
        cpu_seconds=0.2,
        parameters=1234,
        peak_memory_bytes=2**33,
    )
    return evaluation, decide(evaluation, Neighbour(id="seed/0000", jaccard=0.1), CONFIG)


def filled(path: Path, count: int = 4) -> LedgerWriter:
    """Return a ledger with two seeds and `count` candidates of cycle 0, not judged yet."""
    ledger = LedgerWriter.create(path)
    ledger.add_starting_corpus([(seed, seed_admission(seed)) for seed in map(seed_program, range(2))])
    ledger.add_prompts(0, [prompt(index) for index in range(count)])
    ledger.add_candidates([candidate(index) for index in range(count)])
    return ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "corpus.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[LedgerWriter]:
    with filled(path) as opened:
        yield opened


def test_records_come_back_equal_after_reopening(path: Path) -> None:
    with filled(path) as ledger:
        ledger.add_judgement(*judgement(1))
        ledger.record_training(1, TRAINING, ["c000/0001"])
        ledger.set_meta("seed", "3")
    with Ledger.open(path) as ledger:
        assert ledger.prompts(0) == [prompt(index) for index in range(4)]
        assert ledger.prompt(prompt(2).id) == prompt(2)
        assert ledger.candidates(0) == [candidate(index) for index in range(4)]
        assert ledger.candidates(origin=Origin.SEED) == [seed_program(0), seed_program(1)]
        assert [tuple(row) for row in ledger.judged(0)] == [(candidate(1), *judgement(1))]
        assert ledger.training(1) == TRAINING
        assert ledger.get_meta("seed") == "3"


def test_candidates_come_by_cycle_and_index_however_they_were_appended(ledger: LedgerWriter) -> None:
    ledger.add_prompts(1, [prompt(index, 1) for index in range(3)])
    for index in (2, 0, 1):
        ledger.add_candidates([candidate(index, 1)])
    assert [row.index for row in ledger.candidates(1)] == [0, 1, 2]
    assert [row.cycle for row in ledger.candidates()] == [None] * 2 + [0] * 4 + [1] * 3


def test_what_is_not_judged_comes_in_index_order(ledger: LedgerWriter) -> None:
    ledger.add_judgement(*judgement(2))
    assert [row.index for row in ledger.unevaluated(0)] == [0, 1, 3]


def test_the_corpus_comes_in_the_order_of_admission(ledger: LedgerWriter) -> None:
    for index, accuracy in ((3, 0.9), (0, 0.1), (1, 0.8)):
        ledger.add_judgement(*judgement(index, accuracy=accuracy))
    found = [(row.id, evaluation and evaluation.accuracy) for row, evaluation in ledger.admitted()]
    assert found == [("seed/0000", None), ("seed/0001", None), ("c000/0003", 0.9), ("c000/0001", 0.8)]


@pytest.mark.parametrize("first", [True, False])
def test_an_evaluation_under_another_protocol_leaves_the_judgement_alone(
    ledger: LedgerWriter, first: bool
) -> None:
    test_wave = judgement(0, accuracy=0.25)[0].model_copy(update={"protocol_id": "digits-test"})
    if first:
        ledger.add_evaluation(test_wave)
    ledger.add_judgement(*judgement(0))
    ledger.add_evaluation(test_wave)
    assert [row.evaluation for row in ledger.judged(0)] == [judgement(0)[0]]
    assert ledger.evaluations(protocol_id="digits-test") == [test_wave]
    assert len(ledger.evaluations(0)) == 2


def test_a_seed_comes_with_its_first_evaluation(ledger: LedgerWriter) -> None:
    for protocol in ("digits-1", "digits-test"):
        row = judgement(0)[0].model_copy(update={"candidate_id": "seed/0001", "protocol_id": protocol})
        ledger.add_evaluation(row)
    assert [evaluation and evaluation.protocol_id for _, evaluation in ledger.admitted()] == [
        None,
        "digits-1",
    ]


def test_a_text_is_stored_once(path: Path) -> None:
    with filled(path) as ledger:
        ledger.add_prompts(1, [prompt(index, 1) for index in range(9)])
        ledger.add_candidates([candidate(index, 1, "x = 0\n") for index in range(9)])
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM sources WHERE text = 'x = 0\n'").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize(
    "source", ["NUL \0 inside", "half a pair \ud800", None, "ünïcödé \N{SNOWMAN}", "\r\n\t"]
)
def test_any_text_of_a_model_can_be_stored(ledger: LedgerWriter, source: str | None) -> None:
    ledger.add_prompts(1, [prompt(0, 1)])
    ledger.add_candidates([candidate(0, 1, source)])
    expected = source and source.replace("\ud800", "?")
    assert ledger.candidates(1)[0].source == expected


def test_appending_an_equal_row_again_changes_nothing(ledger: LedgerWriter) -> None:
    for _ in range(2):
        ledger.add_prompts(0, [prompt(0)])
        ledger.add_candidates([candidate(0)])
        ledger.add_judgement(*judgement(0))
        ledger.record_training(1, TRAINING, ["c000/0000"])
        ledger.complete_cycle(0)
        ledger.set_meta("seed", "3")
    assert len(ledger.candidates(0)) == 4
    assert len(ledger.judged(0)) == 1
    row = ledger.cycle_row(1)
    assert row is not None
    assert row.training_ids == ("c000/0000",)


CONTRADICTIONS: dict[str, Callable[[LedgerWriter], None]] = {
    "candidate": lambda ledger: ledger.add_candidates([candidate(0, source="x = 'other'")]),
    "place": lambda ledger: ledger.add_candidates([candidate(0).model_copy(update={"id": "other"})]),
    "evaluation": lambda ledger: ledger.add_judgement(*judgement(0, accuracy=0.75)),
    "meta": lambda ledger: ledger.set_meta("seed", "4"),
    "unknown candidate": lambda ledger: ledger.add_judgement(*judgement(77)),
    "unknown prompt": lambda ledger: ledger.add_candidates([candidate(0, cycle=9)]),
    "two candidates": lambda ledger: ledger.add_judgement(judgement(1)[0], judgement(2)[1]),
    "unknown winner": lambda ledger: ledger.record_training(1, TRAINING, ["nobody"]),
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_a_row_that_contradicts_the_ledger_is_refused(ledger: LedgerWriter, what: str) -> None:
    ledger.add_judgement(*judgement(0))
    ledger.set_meta("seed", "3")
    with pytest.raises(ConflictError):
        CONTRADICTIONS[what](ledger)
    assert [tuple(row) for row in ledger.judged(0)] == [(candidate(0), *judgement(0))]
    assert ledger.training(1) is None


def test_a_batch_is_written_whole_or_not_at_all(ledger: LedgerWriter) -> None:
    ledger.add_prompts(1, [prompt(0, 1)])
    with pytest.raises(ConflictError):
        ledger.add_candidates([candidate(0, 1), candidate(1, 1)])  # the second answers no known prompt
    assert ledger.candidates(1) == []


def fill_exchange_tables(ledger: LedgerWriter) -> None:
    imported = candidate(0, 0).model_copy(
        update={"id": "import/1", "origin": Origin.IMPORTED, "cycle": None, "prompt_id": None}
    )
    claim = judgement(0)[0].model_copy(update={"candidate_id": "import/1", "protocol_id": "imported:x"})
    provenance = Provenance(
        candidate_id="import/1", source="x", location="a.py", licence="MIT", imported_at="now"
    )
    known = (ImportedEvaluation(evaluation=claim, detail="{}"),)
    ledger.add_imports([ImportedProgram(candidate=imported, provenance=provenance, evaluations=known)])
    frozen_splits(ledger)


@pytest.mark.parametrize("table", LEDGER_TABLES)
def test_no_row_can_be_changed_or_deleted_even_in_plain_sql(path: Path, table: str) -> None:
    with filled(path) as ledger:
        ledger.add_judgement(*judgement_of(GRAPH, 0))
        ledger.add_machine(MACHINE)
        ledger.record_training(1, TRAINING, ["c000/0000"])
        ledger.complete_cycle(0)
        ledger.record_stage(0, "judge", 1.0)
        ledger.set_meta("seed", "3")
        ledger.add_call(CALL)
        ledger.add_modules([module(0)], [probe(0)])
        ledger.add_ideas([LEAF], [IDEA])
        fill_exchange_tables(ledger)
    connection = sqlite3.connect(path)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET rowid = rowid"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


LEAF = SubCategory(path="operator/activation/smooth", says="Activations without a kink.", origin="ours")
IDEA = Idea(
    id="gelu-everywhere",
    path=LEAF.path,
    statement="Use GELU in place of every activation.",
    sources=(IdeaSource(title="Hendrycks and Gimpel (2016)"),),
)


def test_ideas_come_back_as_they_were_and_never_change(path: Path) -> None:
    with filled(path) as ledger:
        ledger.add_ideas([LEAF], [IDEA])
        ledger.add_ideas([LEAF], [IDEA])
        with pytest.raises(ConflictError):
            ledger.add_ideas([], [IDEA.model_copy(update={"statement": "Use ReLU, as everybody does."})])
        with pytest.raises(ConflictError):
            ledger.add_ideas([], [IDEA.model_copy(update={"id": "other", "path": "operator/a/b"})])
    with Ledger.open(path) as read:
        assert (read.idea_paths(), read.ideas()) == ([LEAF], [IDEA])


GRAPH = NetworkGraph(
    nodes=(
        GraphNode(op="input", shape=(BATCH, 1, 12, 12)),
        GraphNode(op="relu", inputs=(0,), shape=(BATCH, 1, 12, 12)),
        GraphNode(op="sigmoid", inputs=(0,), shape=(BATCH, 1, 12, 12)),
        GraphNode(op="add", inputs=(1, 2), shape=(BATCH, 1, 12, 12)),
    )
)
OTHER_ORDER = NetworkGraph(nodes=(GRAPH.nodes[0], GRAPH.nodes[2], GRAPH.nodes[1], GRAPH.nodes[3]))
MACHINE = Machine(
    python="3.11.7", platform="Linux-6", machine="x86_64", packages={"torch": "2.13.0", "trl": None}
)


def judgement_of(graph: NetworkGraph, index: int) -> tuple[Evaluation, Admission]:
    evaluation, admission = judgement(index)
    return evaluation.model_copy(update={"graph": graph}), admission


def test_a_network_is_stored_once_under_its_structure(ledger: LedgerWriter) -> None:
    for index, graph in enumerate((GRAPH, OTHER_ORDER, NetworkGraph(nodes=GRAPH.nodes[:2]))):
        ledger.add_judgement(*judgement_of(graph, index))
    ledger.add_judgement(*judgement(3))
    first, second, third, fourth = [row.structure for row in ledger.evaluations()]
    assert first == second == structure_of(GRAPH).exact
    assert first != third and fourth is None
    assert ledger.graph(first) == GRAPH
    assert ledger.topologies() == {
        first: structure_of(GRAPH).topology,
        third: structure_of(NetworkGraph(nodes=GRAPH.nodes[:2])).topology,
    }
    with pytest.raises(KeyError):
        ledger.graph("nothing")


def test_appending_an_evaluation_with_its_graph_again_changes_nothing(ledger: LedgerWriter) -> None:
    for _ in range(2):
        ledger.add_judgement(*judgement_of(GRAPH, 0))
    (known,) = ledger.evaluations()
    ledger.add_evaluation(known)  # as it came from the ledger: without the graph, with its address
    assert ledger.evaluations() == [known]


def test_a_graph_that_contradicts_its_structure_is_refused(ledger: LedgerWriter) -> None:
    evaluation, admission = judgement_of(GRAPH, 0)
    with pytest.raises(ConflictError, match="structure"):
        ledger.add_judgement(evaluation.model_copy(update={"structure": "0" * 16}), admission)
    unknown = evaluation.model_copy(update={"structure": "0" * 16, "graph": None})
    with pytest.raises(ConflictError):
        ledger.add_evaluation(unknown)
    assert ledger.evaluations() == [] and ledger.topologies() == {}


def test_the_index_of_structures_holds_the_first_admitted_program_of_each(path: Path) -> None:
    with filled(path) as ledger:
        evaluation, _ = judgement_of(GRAPH, 0)
        ledger.add_judgement(
            evaluation, decide(evaluation.model_copy(update={"accuracy": 0.1}), None, CONFIG)
        )
        for index, graph in ((2, GRAPH), (1, OTHER_ORDER)):
            ledger.add_judgement(*judgement_of(graph, index))
    with Ledger.open(path) as ledger:
        index = StructureIndex.from_ledger(ledger)
        assert len(index) == 1
        assert index.twin(judgement_of(OTHER_ORDER, 3)[0]) == "c000/0002"
        assert index.twin(judgement(3)[0]) is None
        assert [index.twin(row) for row in ledger.evaluations()] == ["c000/0002"] * 3


def test_structures_of_another_definition_are_hashed_anew(ledger: LedgerWriter) -> None:
    row = {**rows.structure_row(GRAPH, structure_of(GRAPH)), "structure": "f" * 16, "version": 0}
    with ledger._writing():
        ledger._append("structures", ("structure",), row)
    evaluation, admission = judgement(0)
    ledger.add_judgement(evaluation.model_copy(update={"structure": "f" * 16}), admission)
    assert StructureIndex.from_ledger(ledger).twin(judgement_of(GRAPH, 1)[0]) == "c000/0000"


def test_rows_lead_to_the_machine_and_the_model_that_made_them(ledger: LedgerWriter) -> None:
    assert ledger.add_machine(MACHINE) == ledger.add_machine(MACHINE) == MACHINE.id
    ledger.add_prompts(1, [prompt(0, 1)])
    written = candidate(0, 1).model_copy(
        update={"machine_id": MACHINE.id, "generator_hash": "ab12", "seed": 5}
    )
    ledger.add_candidates([written])
    evaluation, admission = judgement(0, 1)
    ledger.add_judgement(evaluation.model_copy(update={"machine_id": MACHINE.id}), admission)
    (judged,) = ledger.judged(1)
    assert judged.candidate == written
    assert judged.evaluation.machine_id is not None
    assert ledger.machine(judged.evaluation.machine_id) == MACHINE
    with pytest.raises(KeyError):
        ledger.machine("nothing")


CALL = Call(
    id=call_id(0),
    cycle=0,
    question=Question(
        verb=Verb.JSON,
        role="navigator",
        messages=(Message(role="user", content="Which way? \u2192"),),
        asks={"type": "object"},
        seed=7,
    ),
    answer=Answer(
        value={"prefer": ["skip", None, 0.5]}, path=AnswerPath.PARSED, text="{...}", model="m", token_count=9
    ),
    seconds=0.25,
    adapter_hash="abc",
)


def test_a_call_comes_back_as_it_was_made(ledger: LedgerWriter) -> None:
    ledger.add_call(CALL)
    assert ledger.calls() == [CALL]


def test_a_call_is_not_made_twice_with_other_words(ledger: LedgerWriter) -> None:
    ledger.add_call(CALL)
    ledger.add_call(CALL)
    with pytest.raises(ConflictError):
        ledger.add_call(CALL.model_copy(update={"seconds": 1.0}))


def test_an_unknown_machine_is_refused(ledger: LedgerWriter) -> None:
    ledger.add_prompts(1, [prompt(0, 1)])
    with pytest.raises(ConflictError):
        ledger.add_candidates([candidate(0, 1).model_copy(update={"machine_id": MACHINE.id})])


OLDER = [pytest.param(version, id=f"schema {version}") for version in range(1, schema.SCHEMA_VERSION)]


def older_store(path: Path, version: int) -> None:
    """Write a ledger as an older version of the schema had it: two seeds, three candidates, two judged."""
    with closing(sqlite3.connect(path)) as connection:
        text = (Path(__file__).parent / "stores" / f"v{version}.sql").read_text(encoding="utf-8")
        connection.executescript(text)


@pytest.mark.parametrize("version", OLDER)
def test_a_store_of_an_older_version_opens_with_all_that_was_in_it(path: Path, version: int) -> None:
    older_store(path, version)
    with LedgerWriter.open(path) as ledger:
        assert [tuple(row) for row in ledger.judged(0)] == [
            (candidate(0), *judgement(0)),
            (candidate(1), *judgement(1, accuracy=0.125)),
        ]
        assert ledger.candidates(origin=Origin.SEED) == [seed_program(0), seed_program(1)]
        assert ledger.prompts(0) == [prompt(index) for index in range(3)]
        assert ledger.training(1) == TRAINING and ledger.completed_cycles() == [0]
        ledger.add_judgement(*judgement_of(GRAPH, 2))
        assert len(StructureIndex.from_ledger(ledger)) == 1
    with Ledger.open(path) as ledger:
        assert len(ledger.judged(0)) == 3


@pytest.mark.parametrize("version", OLDER)
def test_a_store_that_was_brought_up_to_date_has_the_schema_of_a_new_one(path: Path, version: int) -> None:
    older_store(path, version)
    LedgerWriter.open(path).close()
    LedgerWriter.create(path.with_name("new.db")).close()
    schemas = []
    for each in (path, path.with_name("new.db")):
        with closing(sqlite3.connect(each)) as connection:
            found = connection.execute(
                "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
            )
            schemas.append([(*row[:3], " ".join((row[3] or "").split())) for row in found])
    assert schemas[0] == schemas[1]


@pytest.mark.parametrize("version", OLDER)
def test_an_older_store_is_not_changed_by_reading(path: Path, version: int) -> None:
    older_store(path, version)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="Open it once for writing to upgrade it"):
        Ledger.open(path)
    assert path.read_bytes() == before


def test_what_a_program_did_with_the_images_comes_back_as_it_was_noted(ledger: LedgerWriter) -> None:
    evaluation, admission = judgement(0)
    noted = evaluation.model_copy(update={"passes": 1.25, "kept_bytes": 2**40})
    ledger.add_judgement(noted, admission)
    assert ledger.evaluations() == [noted]


def test_a_row_cannot_be_replaced(ledger: LedgerWriter) -> None:
    ledger.set_meta("seed", "3")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        ledger._connection.execute("INSERT OR REPLACE INTO meta VALUES ('seed', '4')")


def test_every_table_of_the_store_is_guarded(path: Path) -> None:
    LedgerWriter.create(path).close()
    connection = sqlite3.connect(path)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert tables == set(LEDGER_TABLES)


def test_a_cycle_is_complete_when_its_row_says_so(ledger: LedgerWriter) -> None:
    assert ledger.cycle_row(0) is None
    ledger.record_training(1, TRAINING, [])
    row = ledger.cycle_row(1)
    assert row is not None and not row.complete and row.training == TRAINING
    for cycle in (1, 0):
        ledger.complete_cycle(cycle)
    assert ledger.completed_cycles() == [0, 1]
    assert ledger.is_complete(1) and not ledger.is_complete(2)


def test_the_pieces_of_an_interrupted_stage_add_up(ledger: LedgerWriter) -> None:
    for stage, seconds in (("train", 1.0), ("generate", 2.0), ("train", 0.5)):
        ledger.record_stage(0, stage, seconds)
    assert ledger.stage_seconds(0) == {"train": 1.5, "generate": 2.0}


def test_a_second_writer_is_refused_and_a_reader_is_not(path: Path) -> None:
    with filled(path):
        with pytest.raises(LedgerLockedError, match=f"process {os.getpid()} is writing"):
            LedgerWriter.open(path)
        with Ledger.open(path) as reader:
            assert len(reader.candidates(0)) == 4
    LedgerWriter.open(path).close()


def test_a_reader_beside_the_writer_sees_what_is_committed_since(path: Path) -> None:
    with filled(path) as ledger, Ledger.open(path) as reader:
        ledger.add_judgement(*judgement(0))
        assert len(reader.judged(0)) == 1


def test_a_reader_cannot_write(path: Path) -> None:
    filled(path).close()
    with Ledger.open(path) as reader:
        assert not hasattr(reader, "set_meta")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader._connection.execute("INSERT INTO meta VALUES ('seed', '4')")


def foreign_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    connection.close()


def newer(path: Path) -> None:
    filled(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def cut(path: Path) -> None:
    filled(path, 200).close()
    os.truncate(path, path.stat().st_size // 2)


def scribbled(path: Path) -> None:
    filled(path, 200).close()
    with path.open("r+b") as file:
        for offset in range(8_192, path.stat().st_size, 4_096):
            file.seek(offset)
            file.write(b"\xff" * 64)


DAMAGES: list[tuple[Callable[[Path], object], type[LedgerError], str]] = [
    (lambda path: None, LedgerMissingError, "there is no ledger here"),
    (lambda path: path.mkdir(), LedgerMissingError, "there is no ledger here"),
    (lambda path: path.write_bytes(b""), NotALedgerError, "not an archloop ledger"),
    (lambda path: path.write_text("hello, this is text" * 99), NotALedgerError, "not an archloop ledger"),
    (foreign_database, NotALedgerError, "not an archloop ledger"),
    (newer, NewerSchemaError, "Upgrade archloop"),
    (cut, LedgerCorruptError, "Restore a copy"),
    (scribbled, LedgerCorruptError, "Restore a copy"),
]


@pytest.mark.parametrize("kind", [Ledger, LedgerWriter])
@pytest.mark.parametrize("damage, error, remedy", DAMAGES)
def test_a_file_that_is_no_whole_store_of_ours_gets_one_line_with_the_remedy(
    path: Path, damage: Callable[[Path], object], error: type[LedgerError], remedy: str, kind: type[Ledger]
) -> None:
    damage(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(error, match=remedy) as caught:
        kind.open(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert before is None or path.read_bytes() == before


def test_an_existing_file_is_never_overwritten(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(LedgerExistsError, match="exists already"):
        LedgerWriter.create(path)
    assert path.read_text() == "mine"


def test_a_store_in_a_missing_directory_is_one_clear_line(path: Path) -> None:
    with pytest.raises(LedgerMissingError, match="no such directory"):
        LedgerWriter.create(path.parent / "missing" / "corpus.db")


def test_what_a_killed_creation_left_behind_does_not_matter(path: Path) -> None:
    path.with_name(f".corpus.db.partial-{os.getpid()}").write_bytes(b"half a ledger")
    path.with_name("corpus.db.lock").write_text("12345\n")
    LedgerWriter.create(path).close()
    LedgerWriter.open(path).close()


def test_a_full_disk_is_named_and_what_was_committed_stays(path: Path) -> None:
    with filled(path) as ledger:
        ledger.add_judgement(*judgement(0))
        # SQLite's own limit gives the same error as a full device.
        pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        ledger.add_prompts(1, [prompt(0, 1)])
        with pytest.raises(StorageFullError, match="free some room"):
            ledger.add_candidates([candidate(0, 1, "x" * 100_000)])
        assert ledger.candidates(1) == []
    with LedgerWriter.open(path) as ledger:
        assert len(ledger.judged(0)) == 1


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from corpus.ledger.errors import LedgerError
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
path = Path(sys.argv[1])
for act in (lambda: LedgerWriter.open(path), lambda: LedgerWriter.create(path.with_name("second.db"))):
    try:
        act().close()
        print("OPENED")
    except LedgerError as error:
        print(type(error).__name__, error)
with Ledger.open(path) as corpus:
    print(len(corpus.candidates(0)), "READ")
"""


def test_without_permission_to_write_a_store_is_still_read(path: Path) -> None:
    filled(path).close()
    outside = Path(tempfile.gettempdir())
    for folder in (path.parent, *path.parent.parents):
        if folder.is_relative_to(outside) and folder != outside:
            folder.chmod(0o555 if folder == path.parent else 0o755)
    path.chmod(0o444)
    try:
        command = [sys.executable, "-c", UNPRIVILEGED, str(path)]
        lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    finally:
        path.parent.chmod(0o755)
    assert [line.split()[0] for line in lines] == ["LedgerPermissionError", "LedgerPermissionError", "4"]
    assert all("no permission" in line for line in lines[:2])


def test_the_file_system_of_a_path_is_that_of_its_deepest_mount(tmp_path: Path) -> None:
    mounts = f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path}/far\\040away nfs4 rw 0 0\nproc /proc proc rw 0 0\n"
    assert file_system_type(tmp_path / "corpus.db", mounts) == "ext4"
    assert file_system_type(tmp_path / "far away" / "run" / "corpus.db", mounts) == "nfs4"
    assert file_system_type(tmp_path, "") == ""


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.corpus.test_store import candidate, judgement, prompt
from corpus.ledger.writer import LedgerWriter
with LedgerWriter.open(Path(sys.argv[1])) as corpus:
    print("ready", flush=True)
    cycle = len(corpus.completed_cycles())
    while True:
        if not corpus.prompts(cycle):
            corpus.add_prompts(cycle, [prompt(index, cycle) for index in range(20)])
        if not corpus.candidates(cycle):
            corpus.add_candidates([candidate(index, cycle) for index in range(20)])
        for waiting in corpus.unevaluated(cycle):
            corpus.add_judgement(*judgement(waiting.index, cycle))
        corpus.complete_cycle(cycle)
        cycle += 1
"""


def test_a_store_holds_whole_judgements_after_every_kill(path: Path) -> None:
    filled(path, 20).close()
    rng = random.Random(23)
    seen = 0
    for _ in range(6):
        command = [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parents[2])]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.01, 0.25))
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        with LedgerWriter.open(path) as ledger:
            assert ledger._connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert ledger._connection.execute("PRAGMA foreign_key_check").fetchall() == []
            evaluations, admissions = ledger.evaluations(), ledger.admissions()
            sampled = [row.candidate_id for row in admissions if not row.candidate_id.startswith("seed")]
            assert sampled == [row.candidate_id for row in evaluations]
            assert len(evaluations) >= seen
            seen = len(evaluations)
            for cycle in ledger.completed_cycles():
                expected = [(candidate(i, cycle), *judgement(i, cycle)) for i in range(20)]
                assert [tuple(row) for row in ledger.judged(cycle)] == expected
    assert seen > 20


@pytest.mark.parametrize(
    ("protocol", "data_set"),
    [
        ("digits-v1/e1/b16/s0/p3f2a90c1", "digits-v1"),
        ("digits-v1/test/e1/b16/s0/p3f2a90c1", "digits-v1"),
        ("digits-1", "digits-1"),
        (
            "imported:lemur/img-classification_cifar-10_acc/e5/0a",
            "imported:lemur/img-classification_cifar-10_acc",
        ),
        ("imported:a/b/digits-v1/e1/b16", "imported:a/b/digits-v1"),
        ("imported:out/digits-1/x", "imported:out/digits-1"),
    ],
)
def test_an_evaluation_names_the_data_set_that_it_was_made_on(protocol: str, data_set: str) -> None:
    row = Evaluation(
        candidate_id="x", protocol_id=protocol, status=EvaluationStatus.COMPLETE, stage=Stage.DONE
    )
    assert row.data_set == data_set
