"""Records to rows of the ledger and back.

Lists and nested records become JSON columns. This module does *not* touch a database.
"""

from __future__ import annotations

import json
import sqlite3
from functools import cache, lru_cache
from typing import Any

from corpus.programs.structure import STRUCTURE_VERSION, Structure
from corpus.records.admissions import Admission
from corpus.records.base import Record
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.graphs import NetworkGraph
from corpus.records.prompts import Prompt
from corpus.records.search.calls import Answer, Call, Question

Row = sqlite3.Row

_LISTS = ("parents", "decisions", "hyperparameters", "transforms")
"""Fields of a candidate that hold several things."""


def prompt_row(prompt: Prompt, cycle: int) -> dict[str, Any]:
    """Return the row of a prompt."""
    return {**_plain(prompt, "messages", "exemplar_ids"), "cycle": cycle}


def candidate_row(candidate: Candidate, source_id: str | None, completion_id: str) -> dict[str, Any]:
    """Return the row of a candidate, its two texts replaced by their addresses."""
    row = _plain(candidate, "sampling", *_LISTS)
    del row["source"], row["completion"]
    return {**row, "source_id": source_id, "completion_id": completion_id}


def call_row(call: Call) -> dict[str, Any]:
    """Return the row of a call: the fields of its question and of its answer stand side by side."""
    row = _plain(call)
    question, answer = (row.pop(name) for name in ("question", "answer"))
    texts = {name: json.dumps(question.pop(name)) for name in ("messages", "asks")}
    value = json.dumps(answer.pop("value"))
    parts = {**question, **texts, **answer, "value": value}
    return row | {
        name: storable(str(part) if isinstance(part, str) else part) for name, part in parts.items()
    }


def evaluation_row(evaluation: Evaluation, structure: str | None) -> dict[str, Any]:
    """Return the row of an evaluation, its graph replaced by its address."""
    return {**_plain(evaluation, "losses"), "structure": structure}


def structure_row(graph: NetworkGraph, structure: Structure) -> dict[str, Any]:
    """Return the row of a graph under its address."""
    return {
        "structure": structure.exact,
        "skeleton": structure.topology,
        "version": STRUCTURE_VERSION,
        "nodes": len(graph.nodes),
        "edges": graph.edge_count,
        "graph": graph.model_dump_json(exclude_defaults=True),
    }


def admission_row(admission: Admission, protocol_id: str | None) -> dict[str, Any]:
    """Return the row of an admission with the protocol of the evaluation that it rests on."""
    return {**_plain(admission), "admitted": int(admission.admitted), "protocol_id": protocol_id}


def prompt_from(row: Row) -> Prompt:
    """Return the prompt of a row."""
    return Prompt.model_validate(_fields(Prompt, row, "messages", "exemplar_ids"))


def candidate_from(row: Row) -> Candidate:
    """Return the candidate of a row that holds its texts as `source` and `completion`."""
    values = _fields(Candidate, row, "sampling", *_LISTS)
    if values["completion"] == values["source"]:  # one text in memory, not two: reports hold very many
        values["completion"] = values["source"]
    return Candidate.model_validate(values)


def evaluation_from(row: Row) -> Evaluation:
    """Return the evaluation of a row."""
    return Evaluation.model_validate(_fields(Evaluation, row, "losses"))


def call_from(row: Row) -> Call:
    """Return the call of a row."""
    question = Question.model_validate(_fields(Question, row, "messages", "asks"))
    answer = Answer.model_validate(_fields(Answer, row, "value"))
    own = {name: row[name] for name in ("id", "cycle", "seconds", "adapter_hash")}
    return Call(**own, question=question, answer=answer)


def admission_from(row: Row) -> Admission:
    """Return the admission of a row."""
    return Admission.model_validate(_fields(Admission, row))


def storable(value: Any) -> Any:
    """Return `value` as SQLite can hold it: half a surrogate pair, which is no character, becomes `?`."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _plain(record: Record, *nested: str) -> dict[str, Any]:
    row = record.model_dump(mode="python")
    for name in nested:
        row[name] = None if row[name] is None else json.dumps(row[name])
    return {name: storable(str(value) if isinstance(value, str) else value) for name, value in row.items()}


_alike = lru_cache(maxsize=4096)(json.loads)
"""Of `_LISTS`: most candidates have the same, and records make things of their own of what is parsed."""


@cache
def _stored(record: type[Record]) -> tuple[str, ...]:
    """Return the fields of a record that a row holds; asking pydantic for each row takes as long again."""
    return tuple(name for name, field in record.model_fields.items() if not field.exclude)


def _fields(record: type[Record], row: Row, *nested: str) -> dict[str, Any]:
    values = {name: row[name] for name in _stored(record)}
    for name in nested:
        text = values[name]
        values[name] = None if text is None else (_alike if name in _LISTS else json.loads)(text)
    return values
