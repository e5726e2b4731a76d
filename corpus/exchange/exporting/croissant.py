"""Croissant 1.0 metadata of an export: croissant.json, which describes every file and column.

Each split of a configuration is one record set. Written as plain JSON-LD, so that exporting needs no
Croissant library; a test reads it with mlcroissant. This module does *not* describe the columns anew: names,
types and meanings come from `corpus.exchange.exporting.columns`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from corpus.exchange.exporting.card import Counts, ExportNotes, LedgerFacts
from corpus.exchange.exporting.column_types import plain_type
from corpus.exchange.exporting.columns import CONFIGS
from corpus.exchange.exporting.writing import data_file
from corpus.records.exchange import NO_LICENCE

CROISSANT = "croissant.json"

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context of the Croissant 1.0 specification, appendix 1."""

_TYPES = ((str, "sc:Text"), (bool, "sc:Boolean"), (int, "sc:Integer"), (float, "sc:Float"))


def write_croissant(
    directory: Path, notes: ExportNotes, facts: LedgerFacts, counts: Counts, published: str
) -> None:
    """Write croissant.json for the files in `directory`; `published` is an ISO date."""
    files, records = [], []
    for config, splits in counts.items():
        for split, rows in splits.items():
            if rows:
                path = data_file(config, split)
                files.append(_file(directory, path))
                records.append(_record_set(config, split, path))
    metadata = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": notes.name,
        "description": "Neural networks as PyTorch programs, machine-generated, with their evaluations.",
        "license": [each for each in facts.licences if each != NO_LICENCE] or ["unknown"],
        "datePublished": published,
        "version": f"{facts.schema_version}.0.0",
        "distribution": files,
        "recordSet": records,
    }
    text = json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
    (directory / CROISSANT).write_text(text, encoding="utf-8")


def _file(directory: Path, path: str) -> dict[str, Any]:
    with (directory / path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "encodingFormat": "application/x-parquet" if path.endswith(".parquet") else "application/jsonlines",
        "sha256": digest,
    }


def _record_set(config: str, split: str, path: str) -> dict[str, Any]:
    name = f"{config}/{split}"
    model = CONFIGS[config]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": model.__doc__,
        "field": [_field(f"{name}/{key}", path, key, field) for key, field in model.model_fields.items()],
    }


def _field(identifier: str, path: str, column: str, field: FieldInfo) -> dict[str, Any]:
    kind = plain_type(field.annotation)
    described: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": identifier,
        "name": identifier,
        "description": field.description or column,
    }
    if get_origin(kind) is tuple:
        kind = plain_type(get_args(kind)[0])
        described["repeated"] = True
    source = {"fileObject": {"@id": path}, "extract": {"column": column}}
    if issubclass(kind, BaseModel):
        inner = kind.model_fields.items()
        return described | {"subField": [_inner_field(identifier, source, key, each) for key, each in inner]}
    return described | {"dataType": _data_type(kind), "source": source}


def _inner_field(parent: str, source: dict[str, Any], name: str, field: FieldInfo) -> dict[str, Any]:
    kind = plain_type(field.annotation)
    return {
        "@type": "cr:Field",
        "@id": f"{parent}/{name}",
        "name": f"{parent}/{name}",
        "dataType": "sc:Text" if get_origin(kind) is Literal else _data_type(kind),
        "source": {**source, "transform": {"jsonPath": name}},
    }


def _data_type(kind: type) -> str:
    return next(name for python, name in _TYPES if issubclass(kind, python))
