"""What `archloop corpus stats` says: the figures of a collection, and their table.

This module does *not* read a ledger by itself; it is handed one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from corpus.novelty.diversity import median_jaccard, traits, unique_share
from corpus.novelty.groups import duplicate_groups
from corpus.novelty.shingle_index import ShingleIndex, flattened
from corpus.novelty.similarity import Shingler
from corpus.records.evaluations import data_set_of, metric_in
from corpus.records.tasks.kinds import Metric
from corpus.records.text import one_line
from cycles.cli.corpus.views import plain

if TYPE_CHECKING:
    from corpus.ledger.outcomes import Score
    from corpus.ledger.reader import Ledger


def statistics_of(
    programs: Mapping[str, str],
    ledger: Ledger | None,
    shingler: Shingler,
    tau: float,
    data_set: str | None = None,
) -> dict[str, Any]:
    """Return the figures of a collection as plain JSON; those of a ledger only where there is one.

    Args:
        programs: The programs by id.
        ledger: Where they come from, None for a folder.
        shingler: What a shingle is.
        tau: Jaccard similarity from which on two programs are near-duplicates.
        data_set: Only programs that were judged on it, and only these judgements, count; None for all.
    """
    scores = [] if ledger is None else ledger.scores()
    if data_set is not None:
        scores = [each for each in scores if data_set_of(each.protocol_id) == data_set]
        judged = {each.candidate_id for each in scores}
        programs = {name: source for name, source in programs.items() if name in judged}
    described = [traits(source, shingler) for source in programs.values()]
    sets = [each.shingles for each in described]
    index = ShingleIndex()
    index.add_all(*flattened(sets))
    groups = duplicate_groups(list(programs), sets, tau)
    families = Counter(family for each in described for family in each.families)
    figures: dict[str, Any] = {
        "programs": len(programs),
        "distinct_texts": len(set(programs.values())),
        "groups": len(groups),
        "near_duplicates": len(programs) - len(groups),
        "tau": tau,
        "mask_numbers": shingler.mask_numbers,
        "median_jaccard": median_jaccard(sets),
        "unique_skeletons": unique_share([each.design for each in described]),
        "median_shingles": float(median(map(len, sets))) if sets else None,
        "index_bytes_per_program": index.nbytes // len(sets) if sets else None,
        "families": dict(families.most_common()),
    }
    if ledger is not None:
        decided = ledger.decisions()
        if data_set is not None:
            decided = [each for each in decided if each.candidate_id in judged]
        reasons = (each.reason for each in decided if each.reason is not None)
        figures |= {
            "candidates": len(decided),
            "admitted": sum(each.admitted for each in decided),
            "reasons": dict(Counter(reasons).most_common()),
            "statuses": dict(Counter(each.status for each in scores).most_common()),
            "data_sets": _by_data_set(scores),
        }
    return figures


def _by_data_set(scores: Sequence[Score]) -> dict[str, dict[str, Any]]:
    """Return how programs did on each data set: accuracies of several say nothing together."""
    protocols = Counter(each.protocol_id for each in scores)
    data_sets = {protocol: data_set_of(protocol) for protocol in protocols}
    found: dict[str, list[float]] = {name: [] for name in data_sets.values()}
    for each in scores:
        if each.accuracy is not None:
            found[data_sets[each.protocol_id]].append(each.accuracy)
    counts, metrics = Counter[str](), dict[str, Metric]()
    for protocol, count in protocols.items():
        counts[data_sets[protocol]] += count
        metrics[data_sets[protocol]] = metric_in(protocol)
    return {
        name: {
            "evaluations": counts[name],
            "best_accuracy": max(known, default=None),
            "median_accuracy": median(known) if known else None,
            "metric": metrics[name],
        }
        for name, known in found.items()
    }


def statistics_table(figures: Mapping[str, Any]) -> Table:
    """Return the figures as a table of two columns."""
    table = Table(show_header=False)
    for name, value in figures.items():
        if name == "data_sets":
            for data_set, results in value.items():
                table.add_row(Text(f"on {one_line(data_set)}"), Text(_on_data_set(results)))
        else:
            table.add_row(name.replace("_", " "), Text(plain(value)))
    return table


def _on_data_set(results: Mapping[str, Any]) -> str:
    metric = Metric(results["metric"])
    words = [f"evaluations {results['evaluations']}"]
    for name in ("best", "median"):
        score = results[f"{name}_accuracy"]
        words.append(f"{name} {metric.words} {plain(None if score is None else metric.of(score))}")
    return ", ".join(words)
