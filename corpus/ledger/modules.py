"""Mined modules and their probes as rows of the ledger, and back, and from one ledger into another.

A module is known by its id, a probe by its module and setting: what is known already stays as it was first
written, so a library may be added again whenever somebody has it at hand. This module does *not* mine, and it
does *not* probe.
"""

from __future__ import annotations

import json
from typing import Any

from corpus.ledger.opened import OpenLedger
from corpus.ledger.rows import Row, storable
from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import ModuleProbe

_NESTED = ("arguments", "inputs")
_COLUMNS = frozenset({"module_id", "setting", "failure", "seconds"})


class ModuleLibrary(OpenLedger):
    """What a ledger knows of modules."""

    def modules(self) -> list[MinedModule]:
        """Return the mined modules in the order in which they were appended."""
        found = self._select(
            "SELECT modules.*, sources.text FROM modules JOIN sources ON content_id = text_id ORDER BY seq"
        )
        return [module_from(row) for row in found]

    def module_probes(self, module_id: str | None = None) -> list[ModuleProbe]:
        """Return the probes, or those of one module, in the order in which they were appended."""
        found = self._select(
            "SELECT * FROM module_probes WHERE ?1 IS NULL OR module_id = ?1 ORDER BY seq", module_id
        )
        return [probe_from(row) for row in found]


def module_row(module: MinedModule, text_id: str) -> dict[str, Any]:
    """Return the row of a module, its text replaced by its address."""
    row = module.model_dump(mode="json", exclude={"text"})
    plain = {name: json.dumps(value) if name in _NESTED else value for name, value in row.items()}
    return {name: storable(value) for name, value in plain.items()} | {"text_id": text_id}


def module_from(row: Row) -> MinedModule:
    """Return the module of a row that holds its text as `text`."""
    values = {name: row[name] for name in MinedModule.model_fields}
    return MinedModule.model_validate(values | {name: json.loads(values[name]) for name in _NESTED})


def probe_row(probe: ModuleProbe) -> dict[str, Any]:
    """Return the row of a probe: what it found is one JSON document."""
    facts = probe.model_dump(mode="json", exclude=set(_COLUMNS))
    return {
        "module_id": probe.module_id,
        "setting": setting_text(probe),
        "failure": storable(probe.failure),
        "facts": json.dumps(facts),
        "seconds": probe.seconds,
    }


def probe_from(row: Row) -> ModuleProbe:
    """Return the probe of a row."""
    columns = {name: row[name] for name in _COLUMNS} | {"setting": json.loads(row["setting"])}
    return ModuleProbe.model_validate(json.loads(row["facts"]) | columns)


def setting_text(probe: ModuleProbe) -> str:
    """Return a setting as the text that it is known by: JSON, its names sorted."""
    return json.dumps(probe.setting, sort_keys=True)
