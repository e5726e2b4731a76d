"""The novelty index: what it finds is what comparing with every program would find, however it was filled."""

from __future__ import annotations

import logging
import random
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from corpus.config import CorpusConfig
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty import shingle_index
from corpus.novelty.gate import seed_admission
from corpus.novelty.index import WORTH_CACHING, NoveltyIndex
from corpus.novelty.shingle_cache import ShingleCache
from corpus.novelty.shingle_index import ShingleIndex, flattened
from corpus.novelty.similarity import ShingleArray, Shingler, Shingles, jaccard
from corpus.records.admissions import Neighbour
from corpus.records.candidates import Candidate
from tests.corpus.test_similarity import edited, grammar_programs

CONFIG = CorpusConfig()


def brute_force(query: ShingleArray, sets: Sequence[Shingles]) -> tuple[float, int]:
    """Return the best similarity and the first row that has it, by the definition on Python's own sets."""
    members = frozenset(query.tolist())
    scores = [jaccard(members, known) for known in sets]
    best = max(scores)
    return best, scores.index(best)


def members_of(sets: Sequence[ShingleArray]) -> list[Shingles]:
    return [frozenset(shingles.tolist()) for shingles in sets]


def filled(sets: list[ShingleArray]) -> ShingleIndex:
    index = ShingleIndex()
    index.add_all(*flattened(sets))
    return index


def replaced(shingles: ShingleArray, count: int, rng: np.random.Generator) -> ShingleArray:
    """Return the set with `count` of its members replaced by fresh ones."""
    fresh = rng.integers(0, 2**64, count, dtype=np.uint64)
    return np.unique(np.concatenate([rng.permutation(shingles)[count:], fresh]))


@pytest.fixture(scope="module")
def grammar_sets() -> list[ShingleArray]:
    return [Shingler().array(source) for source in grammar_programs(300, seed=5)]


def decision_errors(sets: list[ShingleArray], queries: int, seed: int) -> tuple[int, int]:
    """Return wrong answers, and queries within 0.05 of tau, over random changes of the programs in `sets`.

    The truth is a matrix product over all programs, which knows no index, bound or threshold.
    """
    rng = np.random.default_rng(seed)
    index = filled(sets)
    vocabulary = np.unique(np.concatenate(sets))
    holds = np.array([np.isin(vocabulary, known) for known in sets], dtype=np.float32)
    sizes = holds.sum(axis=1)
    wrong = near = 0
    for _ in range(queries):
        parent = sets[int(rng.integers(len(sets)))]
        query = replaced(parent, int(len(parent) * rng.uniform(0.0, 0.14)), rng)
        shared = holds @ np.isin(vocabulary, query).astype(np.float32)
        exact = shared.astype(np.float64) / (sizes + len(query) - shared)
        truth = (exact.max(), int(exact.argmax()))
        near += abs(truth[0] - CONFIG.tau) < 0.05
        found = index.nearest(query, CONFIG.tau)
        wrong += (found is not None) != (truth[0] >= CONFIG.tau)
        wrong += found is not None and (found.jaccard, found.row) != truth
        anywhere = index.nearest(query)
        wrong += anywhere is None or (anywhere.jaccard, anywhere.row) != truth
    return wrong, near


def test_decisions_agree_with_brute_force_around_tau(grammar_sets: list[ShingleArray]) -> None:
    wrong, near = decision_errors(grammar_sets[:150], 400, seed=0)
    assert wrong == 0
    assert near >= 150


@pytest.mark.slow
def test_ten_thousand_decisions_agree_with_brute_force_around_tau(grammar_sets: list[ShingleArray]) -> None:
    wrong, near = decision_errors(grammar_sets, 10_000, seed=1)
    assert wrong == 0
    assert near >= 4_000


@pytest.mark.parametrize("tau", [0.5, 2 / 3, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0])
def test_a_similarity_of_exactly_tau_is_found_and_one_just_below_is_not(tau: float) -> None:
    size = 420  # the overlap that gives each tau exactly is a whole number
    universe = np.arange(1, 2 * size, dtype=np.uint64) * np.uint64(2**40 + 12345)
    program = np.sort(universe[:size])
    index = filled([program])
    kept = round(tau * size)
    subset = np.sort(program[:kept])
    found = index.nearest(subset, tau)
    assert found is not None and found.jaccard == kept / size
    assert index.nearest(np.sort(program[: kept - 1]), tau) is None


def test_the_best_few_agree_with_sorting_all(grammar_sets: list[ShingleArray]) -> None:
    index = filled(grammar_sets)
    rng = np.random.default_rng(2)
    for query in (replaced(grammar_sets[row], 100, rng) for row in range(20)):
        members = frozenset(query.tolist())
        scores = [(-jaccard(members, frozenset(s.tolist())), row) for row, s in enumerate(grammar_sets)]
        found = index.neighbours(query, 7)
        assert [(-match.jaccard, match.row) for match in found] == sorted(scores)[:7]
        assert len(index.neighbours(query, 1_000)) == len(grammar_sets)


def test_small_sets_that_share_much_or_nothing_agree_with_brute_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shingle_index, "MAX_BITS", 8)  # few lists, so that most shingles collide
    rng = np.random.default_rng(3)
    sets = [
        np.unique(rng.integers(0, 60, int(rng.integers(1, 25)), dtype=np.uint64) << np.uint64(50))
        for _ in range(200)
    ]
    index, known = filled(sets), members_of(sets)
    for _ in range(300):
        query = np.unique(rng.integers(0, 60, int(rng.integers(1, 25)), dtype=np.uint64) << np.uint64(50))
        best, row = brute_force(query, known)
        found = index.nearest(query)
        assert found is not None and (found.jaccard, found.row) == (best, row)
        for tau in (0.3, 0.5, 0.85):
            assert (index.nearest(query, tau) is not None) == (best >= tau)


@pytest.mark.parametrize("rows", [2, 16, 2**17])
def test_an_index_filled_one_by_one_answers_like_one_filled_at_once(
    rows: int, monkeypatch: pytest.MonkeyPatch, grammar_sets: list[ShingleArray]
) -> None:
    monkeypatch.setattr(shingle_index, "SEGMENT_ROWS", rows)
    growing, known = ShingleIndex(), members_of(grammar_sets)
    rng = np.random.default_rng(4)
    for count, shingles in enumerate(grammar_sets[:80], start=1):
        growing.add(shingles)
        query = replaced(grammar_sets[int(rng.integers(80))], 30, rng)
        found = growing.nearest(query)
        assert found is not None
        assert (found.jaccard, found.row) == brute_force(query, known[:count])
    assert len(growing) == 80
    assert growing.neighbours(query, 5) == filled(grammar_sets[:80]).neighbours(query, 5)


def test_of_equal_programs_the_earliest_is_the_nearest(grammar_sets: list[ShingleArray]) -> None:
    index = ShingleIndex()
    for shingles in [grammar_sets[0], *grammar_sets[:20], grammar_sets[3]]:
        index.add(shingles)
    assert [match.row for match in index.neighbours(grammar_sets[3], 2, at_least=1.0)] == [4, 21]


def test_memory_is_counted(grammar_sets: list[ShingleArray]) -> None:
    index = filled(grammar_sets)
    index.nearest(grammar_sets[0])
    assert index.nbytes > sum(shingles.nbytes for shingles in grammar_sets)


def test_an_empty_index_knows_no_neighbour() -> None:
    assert NoveltyIndex(CONFIG).nearest("x = 1") is None


def test_a_program_with_nothing_in_common_has_similarity_zero() -> None:
    index = NoveltyIndex(CONFIG)
    index.add("a", "x = 1 + 2")
    assert index.nearest("z") == Neighbour(id="a", jaccard=0.0)
    assert index.nearest("z", at_least=0.01) is None


def test_the_nearest_is_the_most_similar_and_not_the_one_that_shares_most() -> None:
    index = NoveltyIndex(CorpusConfig(shingle_size=1))
    index.add("large", "a + b - c * d / e % f ** g // h | i & j ^ k")
    index.add("small", "a + b - c * d / z")
    assert index.nearest("a + b - c * d / e") == Neighbour(id="small", jaccard=8 / 10)


def test_an_identifier_enters_the_index_once() -> None:
    index = NoveltyIndex(CONFIG)
    index.add("a", "x = 1")
    with pytest.raises(ValueError, match="already"):
        index.add("a", "x = 1")


def test_texts_are_found_by_their_similarity() -> None:
    programs = grammar_programs(40, seed=7)
    index, shingler, rng = NoveltyIndex(CONFIG), Shingler(), random.Random(1)
    for number, source in enumerate(programs):
        index.add(f"p{number}", source)
    for number, source in enumerate(programs):
        query = edited(source, 2, rng)
        found = index.nearest(query)
        assert found == Neighbour(id=f"p{number}", jaccard=shingler.similarity(query, source))


def seeds(programs: list[str]) -> list[Candidate]:
    return [Candidate.seeded(index, source, generator="grammar") for index, source in enumerate(programs)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger with more programs than are worth caching, opened once so that they are cached."""
    path = tmp_path_factory.mktemp("cached") / "corpus.db"
    with LedgerWriter.create(path) as ledger:
        rows = seeds([f"y = x * {number} + f(x, {number})\n" for number in range(WORTH_CACHING + 10)])
        ledger.add_starting_corpus([(seed, seed_admission(seed)) for seed in rows])
        NoveltyIndex.from_ledger(ledger, CONFIG)
    return path


def copied(store: Path, folder: Path) -> tuple[Path, Path]:
    """Return a copy of the ledger and the one part of its cache."""
    path = folder / "corpus.db"
    shutil.copy(store, path)
    cache = ShingleCache(path, Shingler())
    shutil.copytree(ShingleCache(store, Shingler()).folder, cache.folder)
    (part,) = cache.folder.iterdir()
    return path, part


def answers(path: Path) -> list[Neighbour | None]:
    with Ledger.open(path) as ledger:
        index = NoveltyIndex.from_ledger(ledger, CONFIG)
    return [index.nearest(f"y = x * {number} + f(x, {number})\n") for number in (0, 100, 260, 999)]


def test_a_cached_index_reads_no_program_and_answers_as_before(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers(store)
    path, _ = copied(store, tmp_path)
    read: list[str] = []
    original = Shingler.array
    monkeypatch.setattr(Shingler, "array", lambda self, source: read.append(source) or original(self, source))
    assert answers(path) == expected
    assert len(read) == 4  # the queries


DAMAGES = {
    "cut": lambda part: part.write_bytes(part.read_bytes()[:-1000]),
    "scribbled": lambda part: part.write_bytes(
        part.read_bytes()[:5000] + b"\0" * 64 + part.read_bytes()[5064:]
    ),
    "empty": lambda part: part.write_bytes(b""),
    "text": lambda part: part.write_text("not an archive"),
    "missing": lambda part: part.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_changes_no_answer(store: Path, tmp_path: Path, damage: str) -> None:
    expected = answers(store)
    path, part = copied(store, tmp_path)
    DAMAGES[damage](part)
    assert answers(path) == expected


def test_a_cache_of_another_ledger_is_not_believed(
    store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "corpus.db"
    with LedgerWriter.create(path) as ledger:
        other = seeds(["z = 3\n"])[0].model_copy(update={"id": "seed/other"})
        ledger.add_starting_corpus([(other, seed_admission(other))])
    shutil.copytree(ShingleCache(store, Shingler()).folder, ShingleCache(path, Shingler()).folder)
    with caplog.at_level(logging.WARNING):
        found = answers(path)
    assert {neighbour and neighbour.id for neighbour in found} == {"seed/other"}
    assert "does not fit the ledger" in caplog.text


def test_a_cache_grows_by_parts_and_a_part_that_does_not_follow_is_dropped(tmp_path: Path) -> None:
    cache = ShingleCache(tmp_path / "corpus.db", Shingler())
    sets = [np.arange(1, size + 2, dtype=np.uint64) for size in range(6)]
    ids = list("abcdef")
    cache.append(ids[:2], sets[:2], after=0)
    cache.append(ids[2:4], sets[2:4], after=2)
    cache.append(ids[4:], sets[4:], after=4)
    loaded = list(cache.load(ids))
    assert [name for part in loaded for name in part.ids] == ids
    found = [part.flat[a:b].tolist() for part in loaded for a, b in pairwise(part.starts)]
    assert found == [shingles.tolist() for shingles in sets]
    cache.append(ids[2:3], sets[2:3], after=2)
    assert [name for part in cache.load(ids) for name in part.ids] == ids[:3]
    assert list(cache.load([])) == []


def test_another_definition_of_shingles_has_a_cache_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "corpus.db"
    folders = {
        ShingleCache(path, Shingler(size, mask_numbers=masked)).folder
        for size in (7, 10)
        for masked in (True, False)
    }
    assert len(folders) == 4
