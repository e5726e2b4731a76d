"""The numbered steps by which a ledger comes to be: its tables, and what was added to them.

Every ledger table is append-only: triggers refuse UPDATE and DELETE. `seq` is the order of appending.
Program texts stand once in `sources`, under their content address. A change of the schema is a new entry in
`MIGRATIONS`; existing entries never change. This module does *not* touch a database.
"""

from __future__ import annotations

_FIRST_TABLES = (
    "sources",
    "prompts",
    "candidates",
    "evaluations",
    "admissions",
    "trainings",
    "training_selection",
    "cycles",
    "stage_times",
    "meta",
)

_FIRST = """
CREATE TABLE sources (
    content_id TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;
CREATE TABLE prompts (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    cycle INTEGER NOT NULL,
    strategy TEXT NOT NULL,
    template TEXT NOT NULL,
    messages TEXT NOT NULL,
    exemplar_ids TEXT NOT NULL,
    seed INTEGER NOT NULL
) STRICT;
CREATE INDEX prompts_of_cycle ON prompts (cycle);
CREATE TABLE candidates (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL,
    source_id TEXT REFERENCES sources (content_id),
    completion_id TEXT NOT NULL REFERENCES sources (content_id),
    finish_reason TEXT,
    token_count INTEGER NOT NULL,
    prompt_id TEXT REFERENCES prompts (id),
    cycle INTEGER,
    "index" INTEGER NOT NULL,
    parents TEXT NOT NULL,
    generator TEXT NOT NULL,
    adapter_hash TEXT,
    sampling TEXT
) STRICT;
CREATE UNIQUE INDEX one_candidate_per_place ON candidates (cycle, "index") WHERE cycle IS NOT NULL;
CREATE TABLE evaluations (
    seq INTEGER PRIMARY KEY,
    candidate_id TEXT NOT NULL REFERENCES candidates (id),
    protocol_id TEXT NOT NULL,
    status TEXT NOT NULL,
    stage TEXT NOT NULL,
    accuracy REAL CHECK (accuracy BETWEEN 0 AND 1),
    losses TEXT NOT NULL,
    wall_seconds REAL NOT NULL,
    cpu_seconds REAL NOT NULL,
    parameters INTEGER,
    flops INTEGER,
    peak_memory_bytes INTEGER,
    error_type TEXT,
    error TEXT,
    UNIQUE (candidate_id, protocol_id)
) STRICT;
CREATE TABLE admissions (
    seq INTEGER PRIMARY KEY,
    candidate_id TEXT NOT NULL UNIQUE REFERENCES candidates (id),
    protocol_id TEXT,
    admitted INTEGER NOT NULL CHECK (admitted IN (0, 1)),
    reason TEXT NOT NULL,
    nearest_id TEXT REFERENCES candidates (id),
    jaccard REAL CHECK (jaccard BETWEEN 0 AND 1),
    FOREIGN KEY (candidate_id, protocol_id) REFERENCES evaluations (candidate_id, protocol_id)
) STRICT;
CREATE TABLE trainings (
    cycle INTEGER NOT NULL PRIMARY KEY,
    adapter_hash TEXT NOT NULL,
    result TEXT NOT NULL
) STRICT;
CREATE TABLE training_selection (
    cycle INTEGER NOT NULL REFERENCES trainings (cycle),
    position INTEGER NOT NULL,
    candidate_id TEXT NOT NULL REFERENCES candidates (id),
    PRIMARY KEY (cycle, position)
) STRICT;
CREATE TABLE cycles (
    cycle INTEGER NOT NULL PRIMARY KEY,
    completed_at TEXT NOT NULL
) STRICT;
CREATE TABLE stage_times (
    seq INTEGER PRIMARY KEY,
    cycle INTEGER NOT NULL,
    stage TEXT NOT NULL,
    wall_seconds REAL NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT
"""


_EXCHANGE_TABLES = ("split_assignments", "provenance", "imported_trials")

_EXCHANGE = """
CREATE TABLE split_assignments (
    seq INTEGER PRIMARY KEY,
    text_id TEXT NOT NULL UNIQUE REFERENCES sources (content_id),
    group_id TEXT NOT NULL REFERENCES sources (content_id),
    split TEXT NOT NULL
) STRICT;
CREATE TABLE provenance (
    candidate_id TEXT NOT NULL PRIMARY KEY REFERENCES candidates (id),
    source TEXT NOT NULL,
    location TEXT NOT NULL,
    licence TEXT NOT NULL,
    imported_at TEXT NOT NULL
) STRICT;
CREATE TABLE imported_trials (
    candidate_id TEXT NOT NULL,
    protocol_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (candidate_id, protocol_id),
    FOREIGN KEY (candidate_id, protocol_id) REFERENCES evaluations (candidate_id, protocol_id)
) STRICT
"""

_STRUCTURE_TABLES = ("structures", "machines")

_STRUCTURE = """
CREATE TABLE structures (
    structure TEXT NOT NULL PRIMARY KEY,
    skeleton TEXT NOT NULL,
    version INTEGER NOT NULL,
    nodes INTEGER NOT NULL,
    edges INTEGER NOT NULL,
    graph TEXT NOT NULL
) STRICT;
CREATE TABLE machines (
    id TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL
) STRICT;
ALTER TABLE candidates ADD COLUMN generator_hash TEXT;
ALTER TABLE candidates ADD COLUMN seed INTEGER;
ALTER TABLE candidates ADD COLUMN machine_id TEXT REFERENCES machines (id);
ALTER TABLE evaluations ADD COLUMN structure TEXT REFERENCES structures (structure);
ALTER TABLE evaluations ADD COLUMN machine_id TEXT REFERENCES machines (id);
ALTER TABLE evaluations ADD COLUMN output_tail TEXT;
ALTER TABLE admissions ADD COLUMN twin_id TEXT REFERENCES candidates (id)
"""

_DATA_USE = """
ALTER TABLE evaluations ADD COLUMN passes REAL;
ALTER TABLE evaluations ADD COLUMN kept_bytes INTEGER
"""

_SEARCH_TABLES = ("calls",)

_SEARCH = """
CREATE TABLE calls (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    cycle INTEGER NOT NULL,
    verb TEXT NOT NULL,
    role TEXT NOT NULL,
    messages TEXT NOT NULL,
    asks TEXT NOT NULL,
    seed INTEGER NOT NULL,
    value TEXT NOT NULL,
    path TEXT NOT NULL,
    text TEXT,
    model TEXT,
    token_count INTEGER NOT NULL,
    seconds REAL NOT NULL,
    adapter_hash TEXT
) STRICT;
ALTER TABLE candidates ADD COLUMN call_id TEXT REFERENCES calls (id);
ALTER TABLE candidates ADD COLUMN key TEXT;
ALTER TABLE candidates ADD COLUMN operator TEXT NOT NULL DEFAULT '';
ALTER TABLE candidates ADD COLUMN idea TEXT;
ALTER TABLE candidates ADD COLUMN decisions TEXT NOT NULL DEFAULT '[]'
"""

_MODULE_TABLES = ("modules", "module_probes")

_MODULES = """
CREATE TABLE modules (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    origin TEXT NOT NULL,
    location TEXT NOT NULL,
    licence TEXT NOT NULL,
    arguments TEXT NOT NULL,
    inputs TEXT NOT NULL,
    module TEXT,
    text_id TEXT NOT NULL REFERENCES sources (content_id),
    tokens_id TEXT NOT NULL,
    flaw TEXT
) STRICT;
CREATE TABLE module_probes (
    seq INTEGER PRIMARY KEY,
    module_id TEXT NOT NULL REFERENCES modules (id),
    setting TEXT NOT NULL,
    failure TEXT,
    facts TEXT NOT NULL,
    seconds REAL NOT NULL,
    UNIQUE (module_id, setting)
) STRICT
"""

_IDEA_TABLES = ("idea_paths", "ideas")

_IDEAS = """
CREATE TABLE idea_paths (
    seq INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL
) STRICT;
CREATE TABLE ideas (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL REFERENCES idea_paths (path),
    document TEXT NOT NULL
) STRICT;
ALTER TABLE evaluations ADD COLUMN latency_seconds REAL
"""

_HYPERPARAMETERS = """
ALTER TABLE candidates ADD COLUMN hyperparameters TEXT NOT NULL DEFAULT '[]';
ALTER TABLE candidates ADD COLUMN transforms TEXT NOT NULL DEFAULT '[]'
"""

LEDGER_TABLES = (
    *(*_FIRST_TABLES, *_EXCHANGE_TABLES, *_STRUCTURE_TABLES, *_SEARCH_TABLES),
    *(*_MODULE_TABLES, *_IDEA_TABLES),
)
"""All tables, each guarded against change."""


def _append_only(table: str) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ]


MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (*_FIRST.split(";"), *(trigger for table in _FIRST_TABLES for trigger in _append_only(table))),
    (*_EXCHANGE.split(";"), *(trigger for table in _EXCHANGE_TABLES for trigger in _append_only(table))),
    (*_STRUCTURE.split(";"), *(trigger for table in _STRUCTURE_TABLES for trigger in _append_only(table))),
    tuple(_DATA_USE.split(";")),
    (*_SEARCH.split(";"), *(trigger for table in _SEARCH_TABLES for trigger in _append_only(table))),
    (*_MODULES.split(";"), *(trigger for table in _MODULE_TABLES for trigger in _append_only(table))),
    (*_IDEAS.split(";"), *(trigger for table in _IDEA_TABLES for trigger in _append_only(table))),
    tuple(_HYPERPARAMETERS.split(";")),
)
"""Step `n` (counted from 1) brings a ledger from version `n - 1` to `n`."""
