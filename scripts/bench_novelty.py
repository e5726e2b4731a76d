"""Measure the novelty index: signatures per second, latency, memory, cold start, and wrong decisions.

    .venv/bin/python scripts/bench_novelty.py                        # under three minutes
    .venv/bin/python scripts/bench_novelty.py --sizes 1000000        # 8 GB of memory, some minutes
    .venv/bin/python scripts/bench_novelty.py --recall               # ten seconds: MinHash beside exact

Beside ours stand what others do: the reference implementation's way (ABrain-One/nn-gpt: one `MinHash.update`
per shingle, `MinHashLSH`, then exact Jaccard on what it proposes), datasketch in batches, and rensa
(`pip install rensa`; left out, and said so, where it is not installed).

The programs come from the grammar. An index of thousands and more is filled with *recombined* ones: each is
put together from fifths of real programs' shingles at their own places, half of the fifths from one program,
with fresh shingles at the seams. Queries are real programs, recombined ones, and programs of the corpus with
a known share of shingles replaced, so that similarities spread around tau. Every figure is of one thread;
contestants take turns, and of each the best round counts. On a busy machine trust ratios and processor
seconds.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import resource
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from corpus.config import CorpusConfig
from corpus.novelty.minhash import MinHashIndex
from corpus.novelty.shingle_cache import ShingleCache
from corpus.novelty.shingle_index import ShingleIndex, flattened
from corpus.novelty.similarity import ShingleArray, Shingler, jaccard, shingle_array
from corpus.programs.tokens import canonical_tokens
from corpus.records.tasks.shape import TaskShape
from cycles.config.run import load_config
from generator.grammar import sample_program

REFERENCE_SHINGLE, REFERENCE_PERMUTATIONS = 10, 256
FIFTH, MOST_EDITS = 50, 12
CONFIG = CorpusConfig()
PUBLISHED = load_config("gpu-80gb").corpus
RECALL = {
    "default: tau 0.85, 7 tokens, 128 in 16 bands of 8": CONFIG.model_copy(update={"search": "minhash"}),
    "published: tau 0.90, 10 tokens masked, 256 in 13 bands of 19": PUBLISHED,
}
console = Console(width=120)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="of the index")
    parser.add_argument("--programs", type=int, default=2_000, help="real programs to start from")
    parser.add_argument("--queries", type=int, default=10_000, help="queries of the count of wrong decisions")
    parser.add_argument("--lsh-size", type=int, default=5_000, help="programs in the LSH of the others")
    parser.add_argument(
        "--recall", action="store_true", help="only: MinHash beside the exact search, on edits"
    )
    arguments = parser.parse_args()
    if arguments.recall:
        print_recall(min(arguments.programs, 400))
        return
    rensa = importlib.util.find_spec("rensa") is not None
    if not rensa:
        console.print("rensa is not installed, so it is left out (pip install rensa).")
    tokens = real_tokens(arguments.programs)
    sets = [shingle_array(program, CONFIG.shingle_size) for program in tokens]
    print_signatures(tokens, rensa)
    print_errors(sets, arguments.queries, rensa)
    print_lsh_latency(sets, arguments.lsh_size, rensa)
    print_index(sets, arguments.sizes)


def real_tokens(count: int) -> list[tuple[str, ...]]:
    rng = random.Random(0)
    shape = TaskShape(channels=1, height=12, width=12, classes=10)
    started = time.perf_counter()
    programs = [sample_program(rng, shape).source for _ in range(count)]
    sampled = time.perf_counter()
    tokens = [canonical_tokens(source) for source in programs]
    each = (time.perf_counter() - sampled) / count
    console.print(
        f"{count} programs of {np.mean([len(one) for one in tokens]):.0f} tokens on average; sampled in "
        f"{sampled - started:.1f} s, canonical tokens {each * 1e3:.2f} ms each, for every method below"
    )
    return tokens


def print_signatures(tokens: Sequence[tuple[str, ...]], rensa: bool) -> None:
    """Time the way from tokens to what is compared, with the reference's shingle size and permutations."""
    from datasketch import MinHash

    size, num_perm = REFERENCE_SHINGLE, REFERENCE_PERMUTATIONS

    def texts(program: Sequence[str]) -> set[str]:
        return {" ".join(program[start : start + size]) for start in range(len(program) - size + 1)}

    def per_shingle(programs: Sequence[Sequence[str]]) -> None:
        for program in programs:
            signature = MinHash(num_perm=num_perm)
            for shingle in texts(program):
                signature.update(shingle.encode())

    def bulk(programs: Sequence[Sequence[str]]) -> None:
        MinHash.bulk([[text.encode() for text in texts(program)] for program in programs], num_perm=num_perm)

    def ours(programs: Sequence[Sequence[str]]) -> None:
        for program in programs:
            shingle_array(program, size)

    contestants: dict[str, tuple[Callable[[Sequence[Sequence[str]]], None], int]] = {
        "reference: MinHash.update per shingle": (per_shingle, 30),
        "datasketch MinHash.bulk": (bulk, 100),
        "ours: exact shingle set, no estimate": (ours, 500),
    }
    if rensa:
        from rensa import RMinHash

        def in_rust(programs: Sequence[Sequence[str]]) -> None:
            RMinHash.digest_matrix_from_token_sets([list(texts(one)) for one in programs], num_perm, 1)

        contestants["rensa, digest matrix"] = (in_rust, 300)
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(5):
        for name, (build, count) in contestants.items():
            best[name] = min(best[name], seconds(lambda b=build, c=count: b(tokens[:c])) / count)  # type: ignore[misc]
    reference = best["reference: MinHash.update per shingle"]
    table = Table("from tokens to signature", "us each", "per second", "x reference")
    for name, each in sorted(best.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{each * 1e6:.0f}", f"{1 / each:,.0f}", f"{reference / each:.1f}")
    console.print(table)


def print_errors(sets: Sequence[ShingleArray], queries: int, rensa: bool) -> None:
    """Count wrong decisions at tau against a matrix product over all pairs: of all, and of those near tau."""
    rng = np.random.default_rng(1)
    index = ShingleIndex()
    index.add_all(*flattened(sets))
    lsh = MinHashIndex(CONFIG)
    lsh.add_all(*flattened(sets))
    members = [frozenset(one.tolist()) for one in sets]
    rust = RensaLsh(sets) if rensa else None
    wrong: dict[str, list[int]] = {"ours": [0, 0], "ours, nearest at any distance": [0, 0]}
    wrong |= {"datasketch LSH + exact": [0, 0]} | ({"rensa LSH + exact": [0, 0]} if rust else {})
    band = 0
    truth = Truth(sets)
    for start in range(0, queries, 500):
        batch = [varied(sets, rng) for _ in range(min(500, queries - start))]
        for query, (best, row) in zip(batch, truth.nearest(batch), strict=True):
            near = abs(best - CONFIG.tau) <= 0.05
            band += near
            anywhere = index.nearest(query)
            assert anywhere is not None
            answers = {
                "ours": index.nearest(query, CONFIG.tau) is not None,
                "datasketch LSH + exact": bool(lsh.neighbours(query, 1, CONFIG.tau)),
            }
            if rust:
                shingles = frozenset(query.tolist())
                answers["rensa LSH + exact"] = verified(rust.proposals(query), shingles, members)
            faults = {name: answer != (best >= CONFIG.tau) for name, answer in answers.items()}
            faults["ours, nearest at any distance"] = (anywhere.jaccard, anywhere.row) != (best, row)
            for name, fault in faults.items():
                wrong[name][0] += fault
                wrong[name][1] += fault and near
    table = Table(
        f"wrong of {queries:,} decisions at tau {CONFIG.tau}", "all", f"within 0.05 of tau ({band:,})"
    )
    for name, (total, in_band) in wrong.items():
        table.add_row(name, str(total), str(in_band))
    console.print(table)


def print_recall(count: int) -> None:
    """Print how many of the near-duplicates that there are MinHash finds, among edited programs."""
    rng = random.Random(4)
    shape = TaskShape(channels=1, height=12, width=12, classes=10)
    sources = [sample_program(rng, shape).source for _ in range(count)]
    table = Table(f"of {count} programs, each with 1 to {MOST_EDITS} edits", "near-duplicates found")
    for heading in ("tau to tau + 0.02", "to tau + 0.05", "above", "false"):
        table.add_column(heading)
    for name, config in RECALL.items():
        there, found, false = recall(sources, config, rng)
        shares = [
            f"{a / b:.1%} of {b:,}" if b else "-"
            for a, b in ((sum(found), sum(there)), *zip(found, there, strict=True))
        ]
        table.add_row(name, *shares, str(false))
    console.print(table)


def recall(
    sources: Sequence[str], config: CorpusConfig, rng: random.Random
) -> tuple[list[int], list[int], int]:
    """Return the queries with a near-duplicate, those where MinHash finds one too, and its false answers.

    Every program is queried once for each number of edits, an edit being a token replaced by an unknown one.
    The two lists count by the similarity of the nearest: up to 0.02 above tau, up to 0.05, and more.
    """
    tokens = [canonical_tokens(source, mask_numbers=config.mask_numbers) for source in sources]
    exact, lsh = ShingleIndex(), MinHashIndex(config)
    for program in tokens:
        exact.add(shingle_array(program, config.shingle_size))
        lsh.add(shingle_array(program, config.shingle_size))
    there, found, false = [0, 0, 0], [0, 0, 0], 0
    for program, edits in product(tokens, range(1, MOST_EDITS + 1)):
        edited = list(program)
        for place in rng.sample(range(len(edited)), edits):
            edited[place] = f"edit{place}"
        query = shingle_array(edited, config.shingle_size)
        truth, answers = exact.nearest(query, config.tau), lsh.neighbours(query, 1, config.tau)
        false += bool(answers) and (truth is None or answers[0].jaccard > truth.jaccard)
        if truth is not None:
            part = (truth.jaccard >= config.tau + 0.02) + (truth.jaccard >= config.tau + 0.05)
            there[part] += 1
            found[part] += bool(answers)
    return there, found, false


def print_lsh_latency(sets: Sequence[ShingleArray], size: int, rensa: bool) -> None:
    """Time one decision, signature and exact check included, with the others' indexes."""
    rng = np.random.default_rng(2)
    flat, starts = recombined(sets, size, rng)
    known = [flat[a:b] for a, b in pairwise(starts)]
    members = [frozenset(one.tolist()) for one in known]
    queries = [varied(known, rng) for _ in range(200)]
    lsh, index = MinHashIndex(CONFIG), ShingleIndex()
    tracemalloc.start()
    lsh.add_all(flat, starts)
    lsh_bytes = tracemalloc.get_traced_memory()[0] // size
    tracemalloc.stop()
    index.add_all(flat, starts)

    contestants: dict[str, tuple[Callable[[ShingleArray], Any], str]] = {
        "datasketch LSH + exact": (
            lambda query: lsh.neighbours(query, 1, CONFIG.tau),
            f"{lsh_bytes:,} + the sets",
        ),
        "ours": (lambda query: index.nearest(query, CONFIG.tau), f"{index.nbytes // size:,} with the sets"),
    }
    if rensa:
        rust = RensaLsh(known)

        def by_rensa(query: ShingleArray) -> None:
            verified(rust.proposals(query), frozenset(query.tolist()), members)

        contestants["rensa LSH + exact"] = (by_rensa, "-")
    table = Table(f"one decision among {size:,}", "p50 ms", "p99 ms", "bytes per program")
    for name, (decide, memory) in contestants.items():
        table.add_row(name, *latency(decide, queries), memory)
    console.print(table)


def print_index(sets: Sequence[ShingleArray], sizes: Sequence[int]) -> None:
    """Print latency, memory and cold start of our index at each size."""
    rng = np.random.default_rng(3)
    table = Table("ours: programs", "decision p50 / p99 ms", "new program p50 / p99", "nearest p50 / p99")
    for heading in ("cold start: wall, processor s", "bytes per program", "peak GB"):
        table.add_column(heading)
    for size in sizes:
        index, known, start = cold_start(sets, size, rng)
        near = [varied(known, rng) for _ in range(300)]
        flat, starts = recombined(sets, 300, rng)
        fresh = [flat[a:b] for a, b in pairwise(starts)]
        decision = [
            " / ".join(latency(lambda query, i=index: i.nearest(query, CONFIG.tau), queries))  # type: ignore[misc]
            for queries in (near, fresh)
        ]
        anywhere = " / ".join(latency(lambda query, i=index: i.nearest(query), fresh[:60]))  # type: ignore[misc]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        table.add_row(f"{size:,}", *decision, anywhere, start, f"{index.nbytes // size:,}", f"{peak:.1f}")
        del index
    console.print(table)


def cold_start(
    sets: Sequence[ShingleArray], size: int, rng: np.random.Generator
) -> tuple[ShingleIndex, list[ShingleArray], str]:
    """Return an index read from a cache of `size` programs, some of its programs, and what the start cost."""
    index = ShingleIndex()
    with tempfile.TemporaryDirectory() as folder:
        cache = ShingleCache(Path(folder) / "corpus.db", Shingler.from_config(CONFIG))
        ids = [f"c{row:08d}" for row in range(size)]
        write_cache(cache, ids, sets, rng)
        wall, processor = time.perf_counter(), time.process_time()
        for part in cache.load(ids):
            index.add_all(part.flat, part.starts)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        first = next(cache.load(ids))
    assert len(index) == size
    known = [first.flat[a:b] for a, b in list(pairwise(first.starts))[:1000]]
    return index, known, f"{wall:.1f}, {processor:.1f}"


def write_cache(
    cache: ShingleCache, ids: Sequence[str], sets: Sequence[ShingleArray], rng: np.random.Generator
) -> None:
    """Fill the cache as a ledger's index would have, a part at a time."""
    part = 100_000
    for first in range(0, len(ids), part):
        chunk = ids[first : first + part]
        flat, starts = recombined(sets, len(chunk), rng)
        cache.append(chunk, np.split(flat, starts[1:-1]), after=first)


def recombined(
    sets: Sequence[ShingleArray], count: int, rng: np.random.Generator
) -> tuple[ShingleArray, NDArray[np.int64]]:
    """Return `count` sets made of fifths of real ones: one behind the other, and where each begins."""
    sizes = np.array([len(one) for one in sets])
    pool = np.concatenate(sets)
    begins = np.cumsum(sizes) - sizes
    flats, lengths = [], [np.zeros(1, np.int64)]
    for first in range(0, count, 10_000):
        rows = min(10_000, count - first)
        parents = rng.integers(len(sets), size=(rows, 5))
        parents = np.where(rng.random((rows, 5)) < 0.5, parents[:, :1], parents)
        places = begins[parents] + ((sizes[parents] - FIFTH) * np.arange(5) // 4)  # (rows, 5)
        drawn = pool[places[:, :, None] + np.arange(FIFTH)]  # (rows, 5, FIFTH)
        seams = np.zeros(drawn.shape, dtype=np.bool_)
        seams[:, 1:, : CONFIG.shingle_size - 1] = (parents[:, 1:] != parents[:, :-1])[:, :, None]
        drawn[seams] = rng.integers(0, 2**64, int(seams.sum()), dtype=np.uint64)
        ordered = np.sort(drawn.reshape(rows, -1), axis=1)  # (rows, 5 * FIFTH)
        kept = np.ones(ordered.shape, dtype=np.bool_)
        kept[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
        flats.append(ordered[kept])
        lengths.append(kept.sum(axis=1))
    return np.concatenate(flats), np.cumsum(np.concatenate(lengths), dtype=np.int64)


def varied(sets: Sequence[ShingleArray], rng: np.random.Generator) -> ShingleArray:
    """Return one of the sets with up to 14% of its shingles replaced: a similarity of 0.75 to 1."""
    one = sets[int(rng.integers(len(sets)))]
    count = int(len(one) * rng.uniform(0.0, 0.14))
    fresh = rng.integers(0, 2**64, count, dtype=np.uint64)
    return np.unique(np.concatenate([rng.permutation(one)[count:], fresh]))


class Truth:
    """The exact nearest by a matrix product over all pairs: no index, no bound, no threshold."""

    def __init__(self, sets: Sequence[ShingleArray]) -> None:
        self._vocabulary = np.unique(np.concatenate(sets))
        self._holds = self._rows(sets)  # (programs, vocabulary)
        self._sizes = np.array([len(one) for one in sets])

    def nearest(self, queries: Sequence[ShingleArray]) -> list[tuple[float, int]]:
        """Return the best similarity and the first row that has it, for each query."""
        shared = (self._rows(queries) @ self._holds.T).astype(np.int64)  # (queries, programs)
        sizes = np.array([len(query) for query in queries])[:, None]
        similarity = shared / (self._sizes + sizes - shared)
        return [(float(row.max()), int(row.argmax())) for row in similarity]

    def _rows(self, sets: Sequence[ShingleArray]) -> NDArray[np.float32]:
        rows = np.zeros((len(sets), len(self._vocabulary)), dtype=np.float32)
        for row, one in zip(rows, sets, strict=True):
            places = np.searchsorted(self._vocabulary, one)
            places = np.minimum(places, len(self._vocabulary) - 1)
            row[places[self._vocabulary[places] == one]] = 1.0
        return rows


class RensaLsh:
    """rensa's MinHash and LSH over our shingles, with the bands of our configuration."""

    def __init__(self, sets: Sequence[ShingleArray]) -> None:
        from rensa import RMinHashLSH

        self._lsh = RMinHashLSH(CONFIG.tau, CONFIG.num_perm, CONFIG.bands)
        for row, one in enumerate(sets):
            self._lsh.insert(row, self._signature(one))

    def proposals(self, query: ShingleArray) -> list[int]:
        """Return the rows that share a band with the query."""
        return list(self._lsh.query(self._signature(query)))

    def _signature(self, shingles: ShingleArray) -> Any:
        from rensa import RMinHash

        signature = RMinHash(CONFIG.num_perm, 1)
        packed = shingles.tobytes()
        signature.update([packed[at : at + 8] for at in range(0, len(packed), 8)])
        return signature


def verified(proposals: Any, shingles: frozenset[int], members: Sequence[frozenset[int]]) -> bool:
    """Return whether one of the proposals is a near-duplicate, exactly."""
    return any(jaccard(shingles, members[row]) >= CONFIG.tau for row in proposals)


def latency(decide: Callable[[ShingleArray], Any], queries: Sequence[ShingleArray]) -> tuple[str, str]:
    """Return p50 and p99 over the queries in milliseconds, each query at its better of two rounds."""
    rounds = np.array([[seconds(lambda q=query: decide(q)) for query in queries] for _ in range(2)])  # type: ignore[misc]
    p50, p99 = np.percentile(rounds.min(axis=0) * 1e3, [50, 99])
    return f"{p50:.2f}", f"{p99:.2f}"


def seconds(act: Callable[[], Any]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
