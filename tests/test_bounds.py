"""Whatever reads a stranger's text or graph outside the jail does so within a bound of time and memory."""

from __future__ import annotations

import gc
import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from corpus.config import CorpusConfig
from corpus.exchange.exporting.card import is_export
from corpus.exchange.exporting.column_types import features
from corpus.exchange.exporting.columns import ProgramRow
from corpus.exchange.front_matter import MAX_BYTES, read_front_matter
from corpus.exchange.importing.importer import import_programs, recognise
from corpus.exchange.importing.source import ImportReport
from corpus.exchange.program_folder import read_folder
from corpus.files.reading import UnfitFile, read_bytes, read_lines, read_text
from corpus.ledger.catalogue import Catalogue
from corpus.ledger.writer import LedgerWriter
from corpus.mining.files import MAX_BYTES as MAX_MINED_BYTES
from corpus.mining.miner import Miner
from corpus.novelty.shingle_cache import ShingleCache
from corpus.novelty.similarity import Shingler
from corpus.programs.contract import breaches, defines_network
from corpus.programs.families import block_families
from corpus.programs.parsing import MAX_CHARACTERS, parse
from corpus.programs.structure import structure_of
from corpus.records.graphs import MAX_GRAPH_NODES
from corpus.records.mistakes import Mistake
from corpus.records.tasks.shape import TaskShape
from cycles.cli.corpus.access import named_text, text_in
from cycles.cli.steps import _read_examples
from cycles.config.run import load_config
from cycles.config.toml import MAX_CHARACTERS as MAX_TOML_CHARACTERS
from cycles.reporting.drawing import draw
from cycles.reporting.gallery import highlighted
from cycles.reporting.layers import layers
from cycles.reporting.text import MAX_SOURCE_CHARACTERS
from cycles.run.run_directory import read_environment
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.npz import NpzFile
from generator.deciders.documents import MAX_CHARACTERS as MAX_ANSWER_CHARACTERS
from generator.deciders.documents import document_in
from generator.grammar import sample_program
from generator.ideas.growing.answers import opened_answers
from generator.ideas.growing.documents import read_documents
from generator.ideas.marks import names_in
from generator.prompts.extraction import MAX_CHARACTERS as MAX_COMPLETION_CHARACTERS
from generator.prompts.extraction import extract_program
from tests.hard_inputs import CARDS, DOCUMENTS, GRAPHS, PROGRAMS
from tests.pace import slowness

LONGEST_SECONDS = 1.0
LARGEST_RATIO = 2.5
SHORT_SECONDS = 0.05
"""Shorter times count as this: they say nothing of growth."""
ATTEMPTS = 10


class Entry(NamedTuple):
    """A place where a stranger's input comes in.

    Attributes:
        read: Takes an input and a folder to write to.
        families: What it is fed.
        cap: The largest input that it reads.
    """

    read: Callable[[Any, Path], object]
    families: dict[str, Callable[[int], Any]]
    cap: int


def _contract(text: str, _: Path) -> object:
    try:
        tree = parse(text)
    except SyntaxError:
        return None
    return list(breaches(tree)), defines_network(tree)


def _document(text: str, _: Path) -> object:
    with suppress(ValueError):
        return document_in(text, {"type": "object", "required": ["prefer"]})
    return None


def _configuration(text: str, folder: Path) -> object:
    (folder / "run.toml").write_text(text)
    with pytest.raises(Mistake) as said:
        load_config(str(folder / "run.toml"))
    assert len(str(said.value).splitlines()) == 1 and len(str(said.value)) < 4_000
    return None


def _override(text: str, _: Path) -> object:
    with pytest.raises(Mistake):
        load_config(overrides=[f"seed={text}"])
    return None


def _card(text: str, folder: Path) -> object:
    (folder / "README.md").write_text(f"---\n{text}\n---\n")
    with suppress(ValueError):
        read_front_matter(folder / "README.md").files("programs")
    return is_export(folder)


def _mined(text: str, _: Path) -> object:
    """Mine the text as it stands, its `Net` as a module, and a module that uses a name which it may bind."""
    module = "class Z(nn.Module):\n def forward(self, y): return x\n"
    mined = f"from torch import nn\n{text.replace('class Net:', 'class Net(nn.Module):')}\n{module}"
    return list(Miner().mine_text(mined, origin="", location=""))


def _seconds(work: Callable[[], object]) -> float:
    """Return the processor time of `work`; what the rest of the process left to be collected is not its."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.enable()


# The memos are passed by: a test asks for one text again and again.
ENTRIES = {
    "families": Entry(lambda text, _: block_families.__wrapped__(text), PROGRAMS, 40_000),
    "marks": Entry(lambda text, _: names_in.__wrapped__(text), PROGRAMS, MAX_CHARACTERS),
    "shingles": Entry(lambda text, _: Shingler().array(text), PROGRAMS, MAX_CHARACTERS),
    "contract": Entry(_contract, PROGRAMS, MAX_CHARACTERS),
    "completion": Entry(lambda text, _: extract_program(text), PROGRAMS, MAX_COMPLETION_CHARACTERS),
    "mining": Entry(_mined, PROGRAMS, MAX_MINED_BYTES),
    "document of an answer": Entry(_document, PROGRAMS, MAX_ANSWER_CHARACTERS),
    "highlighting": Entry(lambda text, _: highlighted(text), PROGRAMS, MAX_SOURCE_CHARACTERS),
    "structure": Entry(lambda graph, _: structure_of(graph), GRAPHS, MAX_GRAPH_NODES),
    "layers": Entry(lambda graph, _: layers(graph), GRAPHS, MAX_GRAPH_NODES),
    "drawing": Entry(lambda graph, _: draw.__wrapped__(graph), GRAPHS, MAX_GRAPH_NODES),
    "configuration": Entry(_configuration, DOCUMENTS, MAX_TOML_CHARACTERS),
    "override": Entry(_override, {k: DOCUMENTS[k] for k in ("arrays", "digits", "long_key")}, 60_000),
    "card": Entry(_card, CARDS, MAX_BYTES),
}


def _cases() -> Iterator[Any]:
    """Yield each reader with each family; of every three families two are slow, others for each reader."""
    for number, (entry, (_, families, _)) in enumerate(ENTRIES.items()):
        for place, family in enumerate(families):
            slow = len(families) > 10 and (number + place) % 3 != 0
            yield pytest.param(entry, family, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize(("entry", "family"), list(_cases()))
def test_twice_the_input_takes_about_twice_the_time(entry: str, family: str, tmp_path: Path) -> None:
    read, families, cap = ENTRIES[entry]
    times: list[list[float]] = [[], []]
    for attempt in range(ATTEMPTS):  # the least of several, since other processes are at work too
        time.sleep(attempt / 10)
        for taken, size in zip(times, (cap // 2 - 50, cap - 100), strict=True):
            given = families[family](size)
            given = given + f"\n#{attempt}" if isinstance(given, str) else given
            taken.append(_seconds(lambda given=given: read(given, tmp_path)))
        half, whole, slow = min(times[0]), min(times[1]), slowness() if attempt else 1.0
        if whole <= min(LONGEST_SECONDS * slow, LARGEST_RATIO * max(half, SHORT_SECONDS * slow)):
            return
    raise AssertionError(f"{half:.2f} s, then {whole:.2f} s for twice the input")


def test_a_graph_that_is_hard_to_draw_is_named_instead() -> None:
    said = draw(GRAPHS["every_layer_takes_fifty"](160))
    assert said == '<p class="nothing">Too large to draw: 160 layers, 6725 edges.</p>'


def test_families_of_ordinary_programs_are_what_they_were() -> None:
    """The digest is of the families that a reader which goes over every part again finds."""
    shape = TaskShape(channels=3, height=16, width=16, classes=10)
    found = [
        ",".join(
            sorted(block_families(sample_program(random.Random(seed), shape, max_parameters=10**6).source))
        )
        for seed in range(300)
    ]
    assert hashlib.sha256("\n".join(found).encode()).hexdigest()[:16] == "c26538173162072c"


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def late(*_: object) -> None:
        raise AssertionError(f"it waits for more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _export_card(root: Path, path: str, rows: int = 1) -> Path:
    """Write the card of an export with one table into `root`."""
    split = f"- name: ledger\n    num_bytes: 1\n    num_examples: {rows}\n"
    (root / "README.md").write_text(
        "---\ntags:\n- archloop\nconfigs:\n- config_name: programs\n  data_files:\n  - split: ledger\n"
        f"    path: {path}\ndataset_info:\n- config_name: programs\n  splits:\n  {split}---\n"
    )
    return root


def _imported(path: Path) -> ImportReport:
    return import_programs(recognise(path), None, dry_run=True)


class Reader(NamedTuple):
    """A reader of files.

    Attributes:
        name: The file that it looks for.
        read: Takes the path of that file.
        said: What it may say of a pipe, or of a gigabyte of zeros, in the place of the file.
    """

    name: str
    read: Callable[[Path], object]
    said: str


def _table(path: Path) -> object:
    root = path.parent if path.suffix == ".jsonl" else path.parent.parent
    return _imported(_export_card(root, str(path.relative_to(root))))


def _below_a_card(card: Path) -> object:
    (card.parent / "programs.jsonl").touch()
    return _imported(card.parent)


def _answers(path: Path) -> object:
    with opened_answers(path) as answers:
        return answers.get("", "", 0)


def _alike(path: Path) -> str:
    with LedgerWriter.create(path.parent / "searched.db") as ledger:
        return text_in(str(path), Catalogue(ledger))


FILES = {
    "configuration": Reader(
        "run.toml", lambda path: load_config(str(path.absolute())), "no such|larger than"
    ),
    "program": Reader("a.py", lambda path: named_text(str(path), {}), "is no program|larger than"),
    "program to compare with": Reader("a.py", _alike, "is no program|larger than"),
    "folder of programs": Reader("a.py", lambda path: read_folder(path.parent), "holds neither|larger than"),
    "fine-tuning rows": Reader("sft.jsonl", _read_examples, "not a regular file|line 1: longer than"),
    "bytes": Reader("a", lambda path: read_bytes(path, 10), "not a regular file|larger than"),
    "text": Reader("a", lambda path: read_text(path, 10), "not a regular file|larger than"),
    "lines": Reader("a", lambda path: list(read_lines(path, 10)), "not a regular file|longer than"),
    "JSON lines of an export": Reader("programs.jsonl", _table, "not a regular file|line 1: longer than"),
    "Parquet table of an export": Reader(
        "programs/train.parquet", _table, "not a(| whole) (regular|Parquet) file"
    ),
    "card": Reader("README.md", _below_a_card, "is missing|not a card of an archloop export"),
    "database": Reader("lemur.db", _imported, "there is nothing|not a LEMUR database"),
    "paper": Reader("a.md", read_documents, "not a regular file|larger than"),
    "PDF": Reader("a.pdf", lambda path: read_documents(path.parent), "not a regular file|larger than"),
    "answers of a build": Reader("out.answers.jsonl", _answers, "not a regular file|line 1: longer than"),
    "folder to import": Reader("a.py", lambda path: _rejected(path.parent), "NOT_A_FILE|TOO_LARGE"),
}


def _rejected(folder: Path) -> None:
    raise Mistake(" ".join(_imported(folder).reasons()))


def _refuses(reader: Reader, folder: Path) -> None:
    features(ProgramRow)  # loads libraries, whose memory is not the file's
    with _at_most(20), _at_most_bytes(50_000_000), pytest.raises(Mistake, match=reader.said) as said:
        reader.read(folder / reader.name)
    assert len(str(said.value).splitlines()) == 1


@pytest.mark.parametrize("kind", FILES)
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    (tmp_path / FILES[kind].name).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / FILES[kind].name)
    _refuses(FILES[kind], tmp_path)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_a_gigabyte_is_not_read(kind: str, tmp_path: Path) -> None:
    (tmp_path / FILES[kind].name).parent.mkdir(exist_ok=True)
    with (tmp_path / FILES[kind].name).open("wb") as file:
        file.truncate(1 << 30)
    _refuses(FILES[kind], tmp_path)


@contextmanager
def _at_most_bytes(limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def test_a_long_card_below_a_short_front_matter_is_no_obstacle(tmp_path: Path) -> None:
    _export_card(tmp_path, "programs.jsonl")
    with (tmp_path / "README.md").open("a") as file:
        file.write("text\n" * 3_000_000)
    with _at_most_bytes(5_000_000):
        assert is_export(tmp_path)


def test_a_damaged_environment_is_an_empty_one(tmp_path: Path) -> None:
    for content in ("[" * 100_000, "1" * 5_000, "[1]", "{", '{"a": ' * 50_000, "\ud800"):
        (tmp_path / "env.json").write_text(content, errors="surrogatepass")
        assert read_environment(tmp_path / "env.json") == {}


_LEMUR = (
    "CREATE TABLE nn (name TEXT PRIMARY KEY, code TEXT, id TEXT);"
    "CREATE TABLE prm (uid TEXT, name TEXT, value);"
    "CREATE TABLE stat (id TEXT PRIMARY KEY, accuracy REAL, epoch INTEGER, duration INTEGER, task TEXT,"
    " dataset TEXT, nn TEXT, transform TEXT, metric TEXT, prm TEXT);"
)
_NN_TABLE = "CREATE TABLE nn (name TEXT PRIMARY KEY, code TEXT, id TEXT);"
_ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS name, 'x' AS code FROM n"
)
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)"

DATABASES = {
    "a view without end": _LEMUR.replace(_NN_TABLE, f"CREATE VIEW nn AS {_ENDLESS};"),
    "a computed column": _LEMUR.replace("code TEXT", "code TEXT AS (printf('%.*c', 100000000, 'x'))")
    + f"INSERT INTO nn (name) {_NUMBERS} SELECT i FROM n;",
    "a default of a megabyte": _LEMUR
    + f"INSERT INTO nn {_NUMBERS} SELECT i, '', '' FROM n; ALTER TABLE nn DROP COLUMN code;"
    + f"ALTER TABLE nn ADD COLUMN code TEXT DEFAULT '{'x' * 900_000}';",
    "settings that every trial shares": _LEMUR
    + f"INSERT INTO prm {_NUMBERS} SELECT 'u', 'name' || i, 1 FROM n;"
    + f"INSERT INTO stat {_NUMBERS} SELECT i, .5, 1, 1, 't', 'd', 'n', 'r', 'acc', 'u' FROM n;",
    "an index of a search engine": _LEMUR.replace(
        _NN_TABLE, "CREATE VIRTUAL TABLE nn USING fts5(name, code, id);"
    ),
}


@pytest.mark.parametrize("kind", DATABASES)
def test_a_database_yields_no_more_than_its_file_holds(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "lemur.db"
    connection = sqlite3.connect(path)
    connection.executescript(DATABASES[kind])
    connection.close()
    start = time.process_time()
    with _at_most(20), _at_most_bytes(100_000_000):
        try:
            assert _imported(path).programs == 0
        except Mistake as error:
            assert len(str(error).splitlines()) == 1
    assert time.process_time() - start < 10  # with every allocation traced


def test_a_program_with_a_deep_base_is_left_behind_or_read_and_the_others_come_in(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"class Net({'+'.join(['a'] * 900)}):\n pass\n")
    (tmp_path / "b.py").write_text("class Net: pass\n")
    (tmp_path / "c.py").write_text("import " + ".".join("a" * 40_000) + "\nclass Net: pass\n")
    (tmp_path / "d.py").write_text("class Net: pass\n" + "x = f'" + "{a}" * 90_000 + "'")
    (tmp_path / "e.py").write_text("class Net: pass\n" + "#" * 399_000)
    start = time.process_time()
    report = _imported(tmp_path)
    assert report.programs >= 1
    assert time.process_time() - start < 2


_BOMB = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from corpus.exchange.importing.source import ImportReport
from corpus.exchange.importing.importer import import_programs, recognise
from pathlib import Path
print(import_programs(recognise(Path(sys.argv[1])), None, dry_run=True).reasons())
"""


def _bomb(root: Path, rows: int, kind: str) -> Path:
    """Write a small export that unfolds into many gigabytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    big = "class Net: pass\n" + "#" * 2_000_000
    columns = {}
    for field in features(ProgramRow).arrow_schema:
        if field.name == "id":
            columns[field.name] = pa.array([f"a/{row}" for row in range(rows)])
        elif field.name in ("source", "completion") and kind == "dictionary":
            columns[field.name] = pa.DictionaryArray.from_arrays(
                pa.array([0] * rows, pa.int32()), pa.array([big])
            )
        elif field.name == "source":
            columns[field.name] = pa.array([big] * rows)
        elif field.name == "parents" and kind == "lists":
            columns[field.name] = pa.array([["a"] * 20_000] * rows)
        else:
            columns[field.name] = pa.nulls(rows, field.type)
    plain = {} if kind == "dictionary" else {"use_dictionary": False}
    path = root / "programs" / "train.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table(columns), path, compression="zstd", store_schema=False, **plain)
    assert path.stat().st_size < 1_000_000
    return _export_card(root, "programs/train.parquet", rows)


@pytest.mark.parametrize(("kind", "rows"), [("dictionary", 20_000), ("plain", 300)])
def test_a_small_table_that_unfolds_into_gigabytes_is_read_in_two(
    kind: str, rows: int, tmp_path: Path
) -> None:
    export = _bomb(tmp_path, rows, kind)
    found = subprocess.run([sys.executable, "-c", _BOMB, str(export)], capture_output=True, text=True)
    refused = "which is too large" in found.stderr and "ImportSourceError" in found.stderr
    assert refused or found.stdout.strip() == f"{{'TOO_LARGE': {rows}}}", found.stderr[-500:]


def _npz(path: Path, header_shape: tuple[int, ...], held: int) -> Path:
    """Write an archive whose arrays claim a shape of bytes, and hold `held` zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x_train", "y_train", "x_test", "y_test", "ids", "flat", "sizes"):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                header = {"descr": "|u1", "fortran_order": False, "shape": header_shape}
                np.lib.format.write_array_header_1_0(member, header)
                member.write(bytes(held))
    return path


@pytest.mark.parametrize(
    ("shape", "held"),
    [((10**15,), 0), ((10**9,), 10**6), ((2**40, 2**40), 0), ((0, 10**18), 0), ((10**7,), 10**7)],
)
def test_an_array_is_not_larger_than_its_archive(shape: tuple[int, ...], held: int, tmp_path: Path) -> None:
    path = _npz(tmp_path / "task.npz", shape, held)
    with _at_most_bytes(100_000_000), pytest.raises(TaskDataError):
        NpzFile(path).read(NpzFile(path).shape())


def test_a_cache_that_claims_more_than_its_programs_can_have_is_passed_over(tmp_path: Path) -> None:
    cache = ShingleCache(tmp_path / "corpus.db", Shingler.from_config(CorpusConfig()))
    cache.folder.mkdir(parents=True)
    _npz(cache.folder / "0000000000.npz", (3 * 10**7,), 3 * 10**7)
    with _at_most_bytes(20_000_000):
        assert list(cache.load(["a", "b"])) == []


def test_a_mistake_about_a_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789\n")
    for read in (read_bytes, read_text):
        with pytest.raises(UnfitFile, match="larger than 10 bytes"):
            read(tmp_path / "a", 10)
    with pytest.raises(UnfitFile, match="line 1: longer than 10 bytes"):
        list(read_lines(tmp_path / "a", 10))
    assert list(read_lines(tmp_path / "a", 11)) == [b"0123456789\n"]
