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

from corpus.novelty.diversity import block_families, median_jaccard, unique_skeletons
from corpus.novelty.groups import duplicate_groups
from corpus.novelty.shingle_index import ShingleIndex, flattened
from corpus.novelty.similarity import Shingler
from corpus.records.tasks.kinds import Metric
from corpus.records.text import one_line
from cycles.cli.corpus.views import plain

if TYPE_CHECKING:
    from corpus.ledger.reader import Ledger
    from corpus.records.evaluations import Evaluation


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
    evaluations = [] if ledger is None else ledger.evaluations()
    if data_set is not None:
        evaluations = [evaluation for evaluation in evaluations if evaluation.data_set == data_set]
        judged = {evaluation.candidate_id for evaluation in evaluations}
        programs = {name: source for name, source in programs.items() if name in judged}
    sources = list(programs.values())
    sets = [shingler.array(source) for source in sources]
    index = ShingleIndex()
    index.add_all(*flattened(sets))
    groups = duplicate_groups(programs, shingler, tau)
    families = Counter(family for source in sources for family in block_families(source))
    figures: dict[str, Any] = {
        "programs": len(sources),
        "distinct_texts": len(set(sources)),
        "groups": len(groups),
        "near_duplicates": len(sources) - len(groups),
        "tau": tau,
        "mask_numbers": shingler.mask_numbers,
        "median_jaccard": median_jaccard(sources, shingler),
        "unique_skeletons": unique_skeletons(sources),
        "median_shingles": float(median(map(len, sets))) if sets else None,
        "index_bytes_per_program": index.nbytes // len(sets) if sets else None,
        "families": dict(families.most_common()),
    }
    if ledger is not None:
        admissions = ledger.admissions()
        candidates = [row.id for row in ledger.candidates()]
        if data_set is not None:
            admissions = [admission for admission in admissions if admission.candidate_id in judged]
            candidates = [name for name in candidates if name in judged]
        figures |= {
            "candidates": len(candidates),
            "admitted": sum(admission.admitted for admission in admissions),
            "reasons": dict(Counter(admission.reason.value for admission in admissions).most_common()),
            "statuses": dict(Counter(evaluation.status.value for evaluation in evaluations).most_common()),
            "data_sets": _by_data_set(evaluations),
        }
    return figures


def _by_data_set(evaluations: Sequence[Evaluation]) -> dict[str, dict[str, Any]]:
    """Return how programs did on each data set: accuracies of several say nothing together."""
    counts = Counter(evaluation.data_set for evaluation in evaluations)
    metrics = {evaluation.data_set: evaluation.metric for evaluation in evaluations}
    scores: dict[str, list[float]] = {name: [] for name in counts}
    for evaluation in evaluations:
        if evaluation.accuracy is not None:
            scores[evaluation.data_set].append(evaluation.accuracy)
    return {
        name: {
            "evaluations": counts[name],
            "best_accuracy": max(found, default=None),
            "median_accuracy": median(found) if found else None,
            "metric": metrics[name],
        }
        for name, found in scores.items()
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
