"""A configuration as a document: the commented TOML that `archloop init` writes, and the difference of two.

The comments are the docstrings, bounds and choices of the config models themselves, so a key cannot be
described in two ways. This module does *not* read files or check values (`cycles.config.run` does).
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import tomli_w
from pydantic import BaseModel

from cycles.config.run import RunConfig

_WIDTH = 100
_INTRODUCTION = """\
A configuration of archloop. Every setting stands here with its meaning; a deleted one has its default.
Start it: archloop run --preset THIS_FILE. Look before: archloop run --dry-run --preset THIS_FILE."""


def commented_toml(config: RunConfig) -> str:
    """Return `config` as TOML with every key's docstring, bounds and default as comments.

    A key without a value (TOML has no null) stands as a comment, so the text parses back to `config`.
    """
    schema = RunConfig.model_json_schema()
    lines = [*_comment(_INTRODUCTION), "", *_table((), config, schema, schema["$defs"])]
    return "\n".join(lines) + "\n"


def settings(config: BaseModel, prefix: str = "") -> dict[str, Any]:
    """Return every setting under its dotted key, `finetune.rank`, in the order of the models."""
    flat: dict[str, Any] = {}
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            flat |= settings(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def differences(first: RunConfig, second: RunConfig) -> dict[str, tuple[Any, Any]]:
    """Return the dotted keys whose values differ, each with both values as they stand in JSON."""
    ours, theirs = (settings(_plain(each)) for each in (first, second))
    return {key: (ours[key], theirs[key]) for key in ours if ours[key] != theirs[key]}


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it right of `=`; None, for which TOML has no word, as `(not set)`."""
    if value is None:
        return "(not set)"
    if isinstance(value, Mapping):
        # tomli_w would open a table, which ends the one that the key stands in.
        inside = ", ".join(f"{json.dumps(key)} = {toml_value(inner)}" for key, inner in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
        return f"[{', '.join(map(toml_value, value))}]"
    return tomli_w.dumps({"value": value}).partition("=")[2].strip()


def _table(
    path: tuple[str, ...], model: BaseModel, schema: Mapping[str, Any], definitions: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the lines of one table: its own keys first, as TOML demands, then the tables inside it."""
    values, fields = model.model_dump(mode="json"), type(model).model_fields
    inner = []
    for name, described in schema["properties"].items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            inner.append((name, value, described))
            continue
        yield from _comment(fields[name].description or "")
        yield from _comment(_bounds(described, definitions))
        yield f"# {name} = (not set)" if values[name] is None else f"{name} = {toml_value(values[name])}"
        yield ""
    for name, value, described in inner:
        deeper = (*path, name)
        reference = described["$ref"].rpartition("/")[2]
        yield from _comment(fields[name].description or "")
        yield f"[{'.'.join(deeper)}]"
        yield ""
        yield from _table(deeper, value, definitions[reference], definitions)


def _comment(text: str) -> Iterator[str]:
    for line in textwrap.wrap(" ".join(text.split()), _WIDTH - 2, break_on_hyphens=False):
        yield f"# {line}"


def _bounds(described: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return what may stand there, and the default: `Default: 0.85. More than 0, at most 1.`"""
    # A key that may be absent is described as one of several types, the last of them null.
    kinds = [_resolved(kind, definitions) for kind in described.get("anyOf", [described])]
    facts: dict[str, Any] = {key: value for kind in kinds for key, value in kind.items()}
    said = [f"Default: {toml_value(described['default'])}."]
    if "enum" in facts:
        said.append(f"One of {', '.join(map(toml_value, facts['enum']))}.")
    words = {"minimum": "at least", "exclusiveMinimum": "more than"}
    words |= {"maximum": "at most", "exclusiveMaximum": "less than"}
    limits = ", ".join(f"{word} {facts[key]:.12g}" for key, word in words.items() if key in facts)
    return " ".join([*said, limits[:1].upper() + limits[1:] + "." if limits else ""])


def _resolved(kind: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    return definitions[kind["$ref"].rpartition("/")[2]] if "$ref" in kind else kind


def _plain(config: RunConfig) -> RunConfig:
    """Return the same configuration with values as they stand in JSON: paths and enums as text."""
    return RunConfig.model_validate_json(config.model_dump_json())
