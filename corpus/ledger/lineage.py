"""Where a program comes from: everything needed to draw it and to judge it again, back to its first ancestor.

A program descends from the programs that its prompt showed, from those that it was derived from, and, through
the adapter that wrote it, from all that the adapter learned from. The first two make the tree of ancestors;
the third may be every winner so far and is listed beside it.

This module does *not* guess: what the ledger lacks is named in `Lineage.missing`.
"""

from __future__ import annotations

from corpus.ledger.catalogue import Catalogue, Entry
from corpus.ledger.reader import Ledger
from corpus.records.admissions import Admission
from corpus.records.base import Record
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation
from corpus.records.exchange import Provenance
from corpus.records.machines import Machine
from corpus.records.prompts import Prompt
from corpus.records.tasks.kinds import Metric


class Ancestor(Record):
    """One place in the tree of ancestors.

    Attributes:
        id: The program.
        descendant: Who descends from it here, None for the program asked about.
        relation: How: `exemplar` (the prompt showed it) or `parent` (the descendant was derived from it); of
            the program asked about `self`.
        origin: Where it comes from, None if the ledger does not hold it.
        accuracy: Validation accuracy in [0, 1], or the score by its metric; None without any.
        metric: What it stands for.
        repeated: Whether it stands in the tree before, with its own ancestors, which are not repeated here.
    """

    id: str
    descendant: str | None
    relation: str
    origin: Origin | None
    accuracy: float | None
    metric: Metric = Metric.ACCURACY
    repeated: bool = False


class Adapter(Record):
    """The fine-tuning behind a program.

    Attributes:
        adapter_hash: Content hash of the adapter's weights.
        cycle: The cycle that it was trained for, None if the ledger does not say.
        training_ids: The programs that it learned from, in order.
    """

    adapter_hash: str
    cycle: int | None = None
    training_ids: tuple[str, ...] = ()


class Lineage(Record):
    """The whole provenance of one program.

    Attributes:
        candidate: The program: source, raw completion, sampling parameters, generator, adapter.
        prompt: What the model was asked, with the seed; None for programs that no prompt asked for.
        seed: What it was drawn with, from the prompt or the program itself.
        adapter: The adapter that wrote it, None for the base model alone.
        writer: The machine that wrote it, None if unknown.
        evaluations: All judgements, the deciding one first, each with its protocol.
        judges: The machines of the judgements, by id.
        admission: The decision about it.
        threshold: The score in [0, 1] that its admission asked for; None where nobody can tell.
        imported: Where an import was taken from.
        ancestors: The tree of ancestors as a list: the program itself, then everybody before their own.
        missing: What the ledger should hold of it and does not, empty if nothing.
    """

    candidate: Candidate
    prompt: Prompt | None
    seed: int | None
    adapter: Adapter | None
    writer: Machine | None
    evaluations: tuple[Evaluation, ...]
    judges: dict[str, Machine]
    admission: Admission | None
    imported: Provenance | None
    ancestors: tuple[Ancestor, ...]
    missing: tuple[str, ...]
    threshold: float | None = None


def lineage(ledger: Ledger, catalogue: Catalogue, entry: Entry) -> Lineage:
    """Return the whole provenance of a program of `catalogue`, which is the catalogue of `ledger`."""
    candidate = entry.candidate
    prompt = ledger.prompt(candidate.prompt_id) if candidate.prompt_id else None
    judges = {evaluation.machine_id for evaluation in entry.evaluations} - {None}
    found = {identifier: _machine(ledger, identifier) for identifier in judges if identifier}
    seed = prompt.seed if prompt else candidate.seed
    writer = _machine(ledger, candidate.machine_id) if candidate.machine_id else None
    imported = ledger.provenance().get(candidate.id) if candidate.origin is Origin.IMPORTED else None
    adapter = _adapter(ledger, candidate)
    missing = _missing(entry, seed, writer, adapter, imported)
    return Lineage(
        candidate=candidate,
        prompt=prompt,
        seed=seed,
        adapter=adapter,
        writer=writer,
        evaluations=entry.evaluations,
        judges={identifier: machine for identifier, machine in found.items() if machine},
        admission=entry.admission,
        imported=imported,
        ancestors=ancestors(ledger, catalogue, candidate.id),
        missing=tuple(missing),
    )


def ancestors(ledger: Ledger, catalogue: Catalogue, identifier: str) -> tuple[Ancestor, ...]:
    """Return the tree of ancestors of a program, each before its own ancestors, back to the first ones."""
    tree: list[Ancestor] = []
    seen: set[str] = set()
    waiting: list[tuple[str, str | None, str]] = [(identifier, None, "self")]
    while waiting:
        name, descendant, relation = waiting.pop()
        entry = catalogue.get(name)
        tree.append(
            Ancestor(
                id=name,
                descendant=descendant,
                relation=relation,
                origin=entry and entry.candidate.origin,
                accuracy=entry and entry.accuracy,
                metric=entry.evaluation.metric if entry and entry.evaluation else Metric.ACCURACY,
                repeated=name in seen,
            )
        )
        if entry is not None and name not in seen:
            seen.add(name)
            waiting += [(above, name, how) for above, how in reversed(_links(ledger, entry.candidate))]
    return tuple(tree)


def _links(ledger: Ledger, candidate: Candidate) -> list[tuple[str, str]]:
    """Return the direct ancestors, each once, with how they are related."""
    shown = ledger.prompt(candidate.prompt_id).exemplar_ids if candidate.prompt_id else ()
    links = dict.fromkeys(shown, "exemplar") | dict.fromkeys(candidate.parents, "parent")
    return list(links.items())


def _adapter(ledger: Ledger, candidate: Candidate) -> Adapter | None:
    if candidate.adapter_hash is None:
        return None
    for cycle in range(candidate.cycle or 0, -1, -1):
        row = ledger.cycle_row(cycle)
        if row and row.training and row.training.adapter_hash == candidate.adapter_hash:
            return Adapter(
                adapter_hash=candidate.adapter_hash, cycle=row.cycle, training_ids=row.training_ids
            )
    return Adapter(adapter_hash=candidate.adapter_hash)


def _machine(ledger: Ledger, identifier: str) -> Machine | None:
    try:
        return ledger.machine(identifier)
    except KeyError:
        return None


def _missing(
    entry: Entry,
    seed: int | None,
    writer: Machine | None,
    adapter: Adapter | None,
    imported: Provenance | None,
) -> list[str]:
    """Return what cannot be told about a program, each as one phrase."""
    candidate, sampled = entry.candidate, entry.candidate.origin is Origin.SAMPLED
    searched = bool(candidate.operator) and candidate.prompt_id is None  # the search wrote it, no prompt did
    asked = sampled and not searched
    absent = {
        "the prompt": asked and candidate.prompt_id is None,
        "the seed": candidate.origin is not Origin.IMPORTED and not searched and seed is None,
        "the sampling parameters": asked and candidate.sampling is None,
        "the content hash of the base model": asked and candidate.generator_hash is None,
        "what the adapter learned from": adapter is not None and adapter.cycle is None,
        "the machine that wrote it": candidate.origin is not Origin.IMPORTED and writer is None,
        "where it was imported from": candidate.origin is Origin.IMPORTED and imported is None,
        "a judgement": sampled and not entry.evaluations,
        "the machine that judged it": any(
            evaluation.machine_id is None and not evaluation.claimed_under for evaluation in entry.evaluations
        ),
    }
    return [what for what, lacks in absent.items() if lacks]
