"""How `archloop corpus` shows what it found: tables, a tree of ancestors, a coloured diff.

This module does *not* read a ledger; it is handed records.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from corpus.ledger.lineage import Ancestor, Lineage
from corpus.novelty.diversity import block_families
from corpus.novelty.groups import DuplicateGroup
from corpus.objectives import OBJECTIVES
from corpus.records.search.hyperparameters import in_words
from corpus.records.tasks.kinds import Metric
from corpus.records.text import one_line

if TYPE_CHECKING:
    from corpus.ledger.catalogue import Entry
    from corpus.objectives import Objective
    from corpus.records.machines import Machine

_LISTED = 8


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
        "metric": entry.evaluation.metric if entry.evaluation else None,
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
    metrics = {Metric(row["metric"]) for row in rows if row["metric"] is not None} or {Metric.ACCURACY}
    only = next(iter(metrics)) if len(metrics) == 1 else None
    renamed = {"reason": "decision", "accuracy": only.heading if only else "result"}
    titles = (renamed.get(name, name.replace("_", " ")) for name in names)
    table = Table(*titles, *(["Jaccard"] if compared else []))
    for row in rows:
        cells = [
            _result(row, named=only is None) if name == "accuracy" else plain(row[name]) for name in names
        ]
        table.add_row(*map(Text, cells), *([plain(row["jaccard"])] if compared else []))
    return table


def _result(row: Mapping[str, Any], *, named: bool) -> str:
    """Return the score of a search result as its metric, and with its name where others are beside it."""
    if row["accuracy"] is None or row["metric"] is None:
        return plain(row["accuracy"])
    metric = Metric(row["metric"])
    return f"{f'{metric.words} ' if named else ''}{plain(metric.of(row['accuracy']))}"


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


def lineage_view(found: Lineage, *, relative: bool = False) -> RenderableType:
    """Return everything about one program: facts, texts, and the tree of its ancestors.

    Args:
        found: What is known of it.
        relative: Whether the threshold of admission was relative, and so its own.
    """
    parts: list[RenderableType] = [_facts(found, relative)]
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
            label += f"  {ancestor.metric.words} {ancestor.metric.of(ancestor.accuracy):.3f}"
        label += f"  ({ancestor.origin.value})" if ancestor.origin else "  (not in this ledger)"
        label += "  see above" if ancestor.repeated else ""
        if ancestor.descendant is None:
            root = place = Tree(Text(label))
        else:
            place = places[ancestor.descendant].add(Text(label))
        places.setdefault(ancestor.id, place)
    return root


def _asked(found: Lineage, relative: bool) -> str:
    """Return what a relative threshold asked for when it was decided on a program, if it came to that."""
    admission, threshold = found.admission, found.threshold
    if not relative or threshold is None or admission is None or not admission.reason.novel:
        return ""
    if not threshold:
        return ", too few valid ones before it for a threshold"
    return f", asked for {found.evaluations[0].metric.reached(round(threshold, 3))}"


def _facts(found: Lineage, relative: bool) -> Table:
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
    rows += [("hyperparameters", in_words(candidate.hyperparameters))] if candidate.hyperparameters else []
    rows += [("transforms", in_words(candidate.transforms))] if candidate.transforms else []
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
        score, metric = "", evaluation.metric
        if evaluation.accuracy is not None:
            score = f", {metric.words} {metric.of(evaluation.accuracy):.3f}"
        judge = found.judges.get(evaluation.machine_id or "")
        where = f" on {_machine(judge)}" if judge else ""
        rows.append(("evaluation", f"{evaluation.status}{score} under {evaluation.protocol_id}{where}"))
        rows += [("error", evaluation.error)] if evaluation.error else []
    if found.admission is not None:
        near = found.admission
        compared = f", nearest {near.nearest_id} with {near.jaccard:.3f}" if near.jaccard is not None else ""
        rows.append(("admission", f"{near.reason}{compared}{_asked(found, relative)}"))
    for name, value in rows:
        table.add_row(name, Text(plain(value)))
    return table


def _machine(machine: Machine) -> str:
    parts = [f"{machine.processor or machine.machine} x {machine.cpu_count}", *machine.accelerators]
    return ", ".join([*parts, machine.platform])


def plain(value: Any) -> str:
    """Return a value of a row as a cell shows it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3f}"
        case dict():
            return ", ".join(f"{name} {plain(one)}" for name, one in value.items()) or "-"
        case list():
            return ", ".join(map(plain, value)) or "-"
    return one_line(value)
