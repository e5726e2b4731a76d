"""Both searches for near-duplicates keep one contract, and MinHash is what datasketch makes of it."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.config import CorpusConfig
from corpus.exchange.exporting.dataset import TableFormat, export_dataset
from corpus.ledger.errors import SimilarityMismatchError
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import seed_admission
from corpus.novelty.index import WORTH_CACHING, NoveltyIndex
from corpus.novelty.minhash import TEXT_RECIPE, TEXT_SCHEME, MinHashIndex, text_signature
from corpus.novelty.scheme import check_scheme, similarity_scheme, stored_config
from corpus.novelty.search import ShingleSearch
from corpus.novelty.shingle_index import ShingleIndex, flattened
from corpus.novelty.similarity import ShingleArray, Shingler, jaccard
from corpus.records.admissions import Neighbour
from tests.corpus.test_novelty import replaced, seeds
from tests.corpus.test_similarity import HOSTILE, edited, grammar_programs
from tests.ledgers import candidate, new_corpus, prompt

CONFIG = CorpusConfig()
MINHASH = CorpusConfig(search="minhash")
ROOT = Path(__file__).parents[2]

both = pytest.mark.parametrize("config", [CONFIG, MINHASH], ids=["exact", "minhash"])


@pytest.fixture(scope="module")
def programs() -> list[str]:
    return grammar_programs(120, seed=11)


@pytest.fixture(scope="module")
def sets(programs: list[str]) -> list[ShingleArray]:
    return [Shingler().array(source) for source in programs]


def filled(programs: list[str], config: CorpusConfig) -> NoveltyIndex:
    index = NoveltyIndex(config)
    for number, source in enumerate(programs):
        index.add(f"p{number}", source)
    return index


# The contract of a search


@both
def test_nothing_is_similar_in_an_empty_index(config: CorpusConfig) -> None:
    assert NoveltyIndex(config).nearest("x = 1") is None
    assert NoveltyIndex(config).neighbours("x = 1", 5, at_least=0.85) == []


@both
def test_an_equal_program_is_found_and_the_earliest_of_equals_first(
    config: CorpusConfig, programs: list[str]
) -> None:
    index = filled([*programs, *programs[:10]], config)
    for number, source in enumerate(programs[:10]):
        expected = [
            Neighbour(id=f"p{number}", jaccard=1.0),
            Neighbour(id=f"p{number + len(programs)}", jaccard=1.0),
        ]
        assert index.neighbours(source, 2, at_least=1.0) == expected


@both
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_resembles_itself(config: CorpusConfig, name: str, programs: list[str]) -> None:
    index = filled([*programs[:3], HOSTILE[name]], config)
    assert index.nearest(HOSTILE[name], at_least=config.tau) == Neighbour(id="p3", jaccard=1.0)


@both
def test_neighbours_have_their_exact_similarity_and_come_best_first(
    config: CorpusConfig, programs: list[str]
) -> None:
    index, shingler, rng = filled(programs, config), Shingler(), random.Random(2)
    for source in programs[:20]:
        query = edited(source, 3, rng)
        found = index.neighbours(query, 4, at_least=0.2)
        assert len(found) <= 4
        for row in found:
            assert row.jaccard == shingler.similarity(query, programs[int(row.id[1:])]) >= 0.2
        assert [row.jaccard for row in found] == sorted((row.jaccard for row in found), reverse=True)
        assert index.nearest(query, at_least=0.2) == (found[0] if found else None)


@both
def test_sets_added_at_once_answer_like_those_added_one_by_one(
    config: CorpusConfig, sets: list[ShingleArray]
) -> None:
    def empty() -> ShingleSearch:
        return MinHashIndex(config) if config.search == "minhash" else ShingleIndex()

    growing, whole, rng = empty(), empty(), np.random.default_rng(3)
    for shingles in sets:
        growing.add(shingles)
    whole.add_all(*flattened(sets[:70]))
    whole.add_all(*flattened([]))
    whole.add_all(*flattened(sets[70:]))
    for shingles in sets:
        query = replaced(shingles, 20, rng)
        assert growing.neighbours(query, 3, 0.5) == whole.neighbours(query, 3, 0.5)


@both
@pytest.mark.parametrize("count", [20, WORTH_CACHING + 5])
def test_a_resumed_index_answers_like_the_one_that_grew(
    config: CorpusConfig, count: int, tmp_path: Path
) -> None:
    rows = seeds([f"y = x * {number} + f(x, {number})\nz = g(y, {number})\n" for number in range(count)])
    rng = random.Random(4)
    queries = [edited(rng.choice(rows).source or "", 1, rng) for _ in range(30)]
    grown = NoveltyIndex(config)
    for row in rows:
        grown.add(row.id, row.source or "")
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        ledger.add_starting_corpus([(row, seed_admission(row)) for row in rows])
        first = NoveltyIndex.from_ledger(ledger, config)
    with Ledger.open(tmp_path / "corpus.db") as ledger:
        again = NoveltyIndex.from_ledger(ledger, config)
    expected = [grown.neighbours(query, 3, at_least=0.3) for query in queries]
    assert any(expected)
    for index in (first, again):
        assert [index.neighbours(query, 3, at_least=0.3) for query in queries] == expected


# What MinHash finds


def test_minhash_never_calls_a_program_a_near_duplicate_that_is_none(sets: list[ShingleArray]) -> None:
    """Bands of one row propose nearly everything, so that exact similarity has all the work."""
    eager = CorpusConfig(search="minhash", num_perm=16, bands=16)
    exact, lsh, rng = ShingleIndex(), MinHashIndex(eager), np.random.default_rng(5)
    for shingles in sets:
        exact.add(shingles)
        lsh.add(shingles)
    proposed = 0
    for shingles in sets * 3:
        query = replaced(shingles, int(len(shingles) * rng.uniform(0.0, 0.14)), rng)
        found = lsh.neighbours(query, len(sets), CONFIG.tau)
        assert set(found) <= set(exact.neighbours(query, len(sets), CONFIG.tau))
        proposed += len(lsh.neighbours(query, len(sets)))
    assert proposed > 3 * 10 * len(sets)


def test_minhash_finds_every_program_of_similarity_095(sets: list[ShingleArray]) -> None:
    index, rng, close = MinHashIndex(MINHASH), np.random.default_rng(6), 0
    for shingles in sets:
        index.add(shingles)
    for row, shingles in enumerate(sets):
        query = replaced(shingles, len(shingles) // 40, rng)
        similarity = jaccard(set(query.tolist()), set(shingles.tolist()))
        if similarity >= 0.95:
            close += 1
            assert index.neighbours(query, 1, CONFIG.tau)[0].row == row
    assert close > 100


def test_the_seed_of_minhash_decides_what_is_proposed(sets: list[ShingleArray]) -> None:
    def answers(seed: int) -> list[Any]:
        index, rng = MinHashIndex(MINHASH.model_copy(update={"minhash_seed": seed})), np.random.default_rng(7)
        for shingles in sets:
            index.add(shingles)
        return [index.neighbours(replaced(one, len(one) // 4, rng), 9) for one in sets]

    assert answers(1) == answers(1)
    assert answers(1) != answers(2)


def test_signatures_estimate_the_exact_similarity() -> None:
    index, shingler, rng = MinHashIndex(MINHASH), Shingler(), random.Random(9)
    errors = []
    for source in grammar_programs(30, seed=9):
        first, second = shingler.array(source), shingler.array(edited(source, 4, rng))
        estimate = index.signature(first).jaccard(index.signature(second))
        errors.append(estimate - jaccard(set(first.tolist()), set(second.tolist())))
    assert abs(sum(errors) / len(errors)) < 0.03  # unbiased: one estimate has a standard error of 0.033


@pytest.mark.parametrize("bands", [1, 129])
def test_bands_that_do_not_fit_into_the_signature_are_refused(bands: int) -> None:
    with pytest.raises(ValueError, match="bands"):
        CorpusConfig(search="minhash", num_perm=128, bands=bands)
    assert CorpusConfig(num_perm=128, bands=bands).search == "exact"


# The scheme of a ledger

SIGNATURES: list[dict[str, object]] = [{"num_perm": 256}, {"bands": 8}, {"minhash_seed": 2}]
SIMILARITIES: list[dict[str, object]] = [{"tau": 0.7}, {"shingle_size": 5}, {"mask_numbers": True}]

OLD_SCHEME = {
    "similarity_version": 1,
    "shingle_size": 7,
    "mask_numbers": False,
    "tau": 0.85,
    "minhash_scheme": "affine32",
    "num_perm": 64,
    "bands": 1,
    "minhash_seed": 5,
}
"""As ledgers kept it when there was no search to choose; the last four decided nothing."""


@pytest.mark.parametrize(
    ("config", "change"),
    [(config, change) for config in (CONFIG, MINHASH) for change in SIMILARITIES]
    + [(MINHASH, change) for change in SIGNATURES]
    + [(CONFIG, {"search": "minhash"}), (MINHASH, {"search": "exact"})],
)
def test_a_ledger_refuses_another_definition_of_what_decides(
    tmp_path: Path, config: CorpusConfig, change: dict[str, object]
) -> None:
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        NoveltyIndex.from_ledger(ledger, config)
        NoveltyIndex.from_ledger(ledger, config)
        with pytest.raises(SimilarityMismatchError, match=next(iter(change))):
            NoveltyIndex.from_ledger(ledger, config.model_copy(update=change))


@pytest.mark.parametrize("change", SIGNATURES)
def test_what_decides_nothing_may_change(tmp_path: Path, change: dict[str, object]) -> None:
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        NoveltyIndex.from_ledger(ledger, CONFIG)
        NoveltyIndex.from_ledger(ledger, CONFIG.model_copy(update=change))
    assert (
        similarity_scheme(CONFIG).keys().isdisjoint({"minhash_scheme", "num_perm", "bands", "minhash_seed"})
    )


def test_a_ledger_with_the_old_scheme_goes_on_with_the_exact_search(tmp_path: Path) -> None:
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        ledger.set_meta("similarity", json.dumps(OLD_SCHEME))
        check_scheme(ledger, CONFIG)
        check_scheme(ledger, CONFIG.model_copy(update={"num_perm": 256}))
        assert stored_config(ledger) == CONFIG
        with pytest.raises(SimilarityMismatchError, match="search exact -> minhash"):
            check_scheme(ledger, MINHASH)
        with pytest.raises(SimilarityMismatchError, match=r"tau 0\.85 -> 0\.9"):
            check_scheme(ledger, CONFIG.model_copy(update={"tau": 0.9}))


@both
def test_a_ledger_tells_the_definition_that_it_was_filled_under(config: CorpusConfig, tmp_path: Path) -> None:
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        check_scheme(ledger, config)
        assert stored_config(ledger) == config


# The signatures of an export


def of_the_recipe(source: str) -> list[int]:
    names: dict[str, Any] = {}
    exec(TEXT_RECIPE, names)
    return names[TEXT_SCHEME.replace("-", "_")](source).hashvalues.tolist()


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"half a surrogate pair"}))
def test_the_recipe_for_others_makes_our_signatures(name: str, programs: list[str]) -> None:
    for source in (HOSTILE[name], *programs[:3]):
        assert list(text_signature(source)) == of_the_recipe(source)


def test_a_signature_never_changes_under_its_name() -> None:
    """Data sets carry it: another value needs another name for the scheme."""
    signature = text_signature("def f(x):\n    return nn.Conv2d(x, 3)  # naïve\n")
    assert (TEXT_SCHEME, len(signature), sum(signature)) == ("archloop-minhash-1", 128, 42581035687)
    assert signature[:3] == (197692303, 602372305, 150467359)


def test_the_documentation_carries_the_recipe() -> None:
    assert TEXT_RECIPE in (ROOT / "docs" / "data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table_format", TableFormat)
def test_a_completion_without_a_program_has_no_signature(tmp_path: Path, table_format: TableFormat) -> None:
    import datasets

    with new_corpus(tmp_path) as ledger:
        ledger.add_prompts(0, [prompt(0, index) for index in range(2)])
        ledger.add_candidates([candidate(0, 0, "x = 1\n"), candidate(0, 1, None)])
        export_dataset(ledger, tmp_path / "out", table_format)
    files = [str(path) for path in (tmp_path / "out").rglob("programs*/*.parquet")]
    kind, files = ("parquet", files) if files else ("json", [str(tmp_path / "out" / "programs.jsonl")])
    cache = str(tmp_path / "cache")
    rows = datasets.load_dataset(kind, data_files=files, split="train", cache_dir=cache)
    signed = {row["id"]: row["minhash"] for row in rows}
    assert signed == {"c000/0000": list(text_signature("x = 1\n")), "c000/0001": None}


def test_others_deduplicate_against_an_export_by_its_card_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: list[str]
) -> None:
    """Runs the code of the card word for word; it imports datasets and datasketch, and nothing of ours."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        ledger.add_starting_corpus([(row, seed_admission(row)) for row in seeds(programs[:40])])
        export_dataset(ledger, tmp_path / "out", TableFormat.PARQUET)
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", card, re.DOTALL))
    assert "corpus." not in code and TEXT_RECIPE in code
    mine, names = tmp_path / "mine.py", dict[str, Any]()
    mine.write_text(edited(programs[7], 2, random.Random(1)), encoding="utf-8")
    code = code.replace("path/to/this/directory", str(tmp_path / "out")).replace("mine.py", str(mine))
    exec(code, names)
    assert names["index"].query(names["archloop_minhash_1"](mine.read_text())) == ["seed/0007"]
    assert names["index"].query(names["archloop_minhash_1"](programs[50])) == []
