"""How `archloop corpus` shows what it found: tables, a tree of ancestors, a coloured diff.

This module does *not* read a ledger; it is handed records.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from corpus.ledger.lineage import Ancestor, Lineage
from corpus.novelty.diversity import block_families, median_jaccard, unique_skeletons
from corpus.novelty.groups import DuplicateGroup, duplicate_groups
from corpus.novelty.shingle_index import ShingleIndex, flattened
from corpus.novelty.similarity import Shingler
from corpus.objectives import OBJECTIVES
from corpus.records.text import one_line

if TYPE_CHECKING:
    from corpus.ledger.catalogue import Entry
    from corpus.ledger.reader import Ledger
    from corpus.objectives import Objective
    from corpus.records.evaluations import Evaluation
    from corpus.records.machines import Machine

_LISTED = 8


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
    scores: dict[str, list[float]] = {name: [] for name in counts}
    for evaluation in evaluations:
        if evaluation.accuracy is not None:
            scores[evaluation.data_set].append(evaluation.accuracy)
    return {
        name: {
            "evaluations": counts[name],
            "best_accuracy": max(found, default=None),
            "median_accuracy": median(found) if found else None,
        }
        for name, found in scores.items()
    }


def statistics_table(figures: Mapping[str, Any]) -> Table:
    """Return the figures as a table of two columns."""
    table = Table(show_header=False)
    for name, value in figures.items():
        if name == "data_sets":
            for data_set, results in value.items():
                words = ", ".join(f"{key.replace('_', ' ')} {_plain(one)}" for key, one in results.items())
                table.add_row(Text(f"on {one_line(data_set)}"), Text(words))
        else:
            table.add_row(name.replace("_", " "), Text(_plain(value)))
    return table


def group_table(groups: Sequence[DuplicateGroup]) -> Table:
    """Return one line for each group, the largest first."""
    table = Table("first", "others", "near-duplicates and their similarity to the first")
    for group in sorted(groups, key=lambda one: -len(one.others)):
        shown = ", ".join(f"{other.id} {other.jaccard:.3f}" for other in group.others[:_LISTED])
        more = f", and {len(group.others) - _LISTED} more" if len(group.others) > _LISTED else ""
        table.add_row(Text(group.first), str(len(group.others)), Text(shown + more))
    return table


def entry_row(entry: Entry, jaccard: float | None, objectives: Sequence[Objective] = ()) -> dict[str, Any]:
    """Return what a search says of one program, as plain JSON; objectives that it was sought by included."""
    source, evaluation = entry.candidate.source, entry.evaluation
    return {
        "id": entry.candidate.id,
        "origin": entry.candidate.origin.value,
        "status": entry.evaluation.status.value if entry.evaluation else None,
        "accuracy": entry.accuracy,
        "data_set": entry.evaluation.data_set if entry.evaluation else None,
        "reason": entry.admission.reason.value if entry.admission else None,
        "families": sorted(block_families(source)) if source else [],
        "jaccard": jaccard,
        **{each.name: each.of(evaluation) for each in objectives if evaluation is not None},
    }


def entry_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return search results as a table; the similarity only where something was compared."""
    compared = any(row["jaccard"] is not None for row in rows)
    known = ("id", "status", "accuracy", "data_set", "reason", "families")
    names = list(dict.fromkeys([*known, *(name for row in rows for name in row if name in OBJECTIVES)]))
    titles = ("decision" if name == "reason" else name.replace("_", " ") for name in names)
    table = Table(*titles, *(["Jaccard"] if compared else []))
    for row in rows:
        cells = [_plain(row[name]) for name in names]
        table.add_row(*map(Text, cells), *([_plain(row["jaccard"])] if compared else []))
    return table


def unified_diff(before: str, after: str, first: str, second: str) -> str:
    """Return the unified diff of two programs, empty when their texts are equal."""
    names = one_line(first), one_line(second)
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="")
    return "\n".join(lines)


def diff_view(text: str, similarity: Mapping[str, float]) -> RenderableType:
    """Return a highlighted diff with both similarities below it."""
    kept, masked = similarity["jaccard"], similarity["jaccard_numbers_masked"]
    summary = Text(f"Jaccard similarity {kept:.3f}; {masked:.3f} with all numbers alike")
    return Group(Syntax(text, "diff") if text else Text("The texts are equal."), summary)


def lineage_view(found: Lineage) -> RenderableType:
    """Return everything about one program: facts, texts, and the tree of its ancestors."""
    parts: list[RenderableType] = [_facts(found)]
    if found.prompt is not None:
        chat = "\n".join(f"[{message.role}] {message.content}" for message in found.prompt.messages)
        parts.append(Panel(Text(chat), title=Text(f"prompt {one_line(found.prompt.id)}"), title_align="left"))
    parts.append(Panel(Text(found.candidate.completion), title="raw completion", title_align="left"))
    source = found.candidate.source
    if source is not None and source != found.candidate.completion:
        parts.append(Panel(Syntax(source, "python"), title="program", title_align="left"))
    parts.append(ancestor_tree(found.ancestors))
    if found.missing:
        parts.append(Text(f"Not on record: {', '.join(found.missing)}.", style="yellow"))
    return Group(*parts)


def ancestor_tree(ancestors: Sequence[Ancestor]) -> Tree:
    """Return the tree of ancestors, the program itself at its root."""
    places: dict[str, Tree] = {}
    root = Tree(Text("no program"))
    for ancestor in ancestors:
        label = ancestor.id if ancestor.descendant is None else f"{ancestor.relation} {ancestor.id}"
        if ancestor.accuracy is not None:
            label += f"  accuracy {ancestor.accuracy:.3f}"
        label += f"  ({ancestor.origin.value})" if ancestor.origin else "  (not in this ledger)"
        label += "  see above" if ancestor.repeated else ""
        if ancestor.descendant is None:
            root = place = Tree(Text(label))
        else:
            place = places[ancestor.descendant].add(Text(label))
        places.setdefault(ancestor.id, place)
    return root


def _facts(found: Lineage) -> Table:
    table = Table(title=Text(one_line(found.candidate.id)), show_header=False, title_justify="left")
    candidate = found.candidate
    rows: list[tuple[str, Any]] = [
        ("origin", candidate.origin.value),
        ("base model", " ".join(filter(None, (candidate.generator, candidate.generator_hash)))),
        ("seed", found.seed),
        ("sampling", candidate.sampling and candidate.sampling.model_dump(mode="json")),
        ("written on", found.writer and _machine(found.writer)),
    ]
    if candidate.operator:
        decided = ", ".join(f"{each.what} by {each.by}" for each in candidate.decisions)
        rows.append(("search", ", ".join(filter(None, (candidate.operator, candidate.idea, decided)))))
    rows += [("point", candidate.key)] if candidate.key else []
    rows += [("call", candidate.call_id)] if candidate.call_id else []
    if found.adapter is not None:
        taught = f", learned from {len(found.adapter.training_ids)} programs"
        cycle = f" of cycle {found.adapter.cycle}{taught}" if found.adapter.cycle is not None else ""
        rows.insert(2, ("adapter", f"{found.adapter.adapter_hash}{cycle}"))
    if found.imported is not None:
        origin = found.imported
        place = f"{origin.source}: {origin.location}"
        rows.append(("imported", f"{place}, {origin.licence}, {origin.imported_at}"))
    for evaluation in found.evaluations:
        score = "" if evaluation.accuracy is None else f", accuracy {evaluation.accuracy:.3f}"
        judge = found.judges.get(evaluation.machine_id or "")
        where = f" on {_machine(judge)}" if judge else ""
        rows.append(("evaluation", f"{evaluation.status}{score} under {evaluation.protocol_id}{where}"))
        rows += [("error", evaluation.error)] if evaluation.error else []
    if found.admission is not None:
        near = found.admission
        compared = f", nearest {near.nearest_id} with {near.jaccard:.3f}" if near.jaccard is not None else ""
        rows.append(("admission", f"{near.reason}{compared}"))
    for name, value in rows:
        table.add_row(name, Text(_plain(value)))
    return table


def _machine(machine: Machine) -> str:
    parts = [f"{machine.processor or machine.machine} x {machine.cpu_count}", *machine.accelerators]
    return ", ".join([*parts, machine.platform])


def _plain(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3f}"
        case dict():
            return ", ".join(f"{name} {_plain(one)}" for name, one in value.items()) or "-"
        case list():
            return ", ".join(map(_plain, value)) or "-"
    return one_line(value)
