"""The front matter of an export's card, as an import and `--force` read it: which files, how many rows each.

It is a stranger's YAML, so it is bounded before it is loaded: in bytes, in depth, and it may hold no aliases,
with which a few lines unfold into gigabytes. The card's text below it is not read at all. This module does
*not* write cards (`corpus.exchange.exporting.card` does).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from corpus.files.reading import open_regular

MAX_BYTES = 100_000
"""Longest front matter; an export's has about ten kilobytes."""

MAX_DEPTH = 20
"""Deepest nesting; an export's is nine."""

MAX_ROWS = 10_000_000
"""Most rows that a file of an export may be said to hold."""

_BLOCK = re.compile(r"\s*---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)
_Part = TypeVar("_Part")


def _list(value: Any) -> Any:
    """Return what stands alone, as `datasets` writes a single configuration, as a list of one."""
    return [value] if isinstance(value, dict | str) else value


class _Known(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DataFile(_Known):
    """A file and the split that it holds."""

    split: str
    path: str


class _Configuration(_Known):
    config_name: str
    data_files: list[DataFile] = []


class _SplitSize(_Known):
    name: str
    num_examples: Annotated[int, Field(ge=0, le=MAX_ROWS)]


class _Sizes(_Known):
    config_name: str = "default"
    splits: list[_SplitSize] = []


class FrontMatter(_Known):
    """What is read of a card; other keys are left alone."""

    tags: Annotated[list[str], BeforeValidator(_list)] = []
    configs: Annotated[list[_Configuration], BeforeValidator(_list)] = []
    dataset_info: Annotated[list[_Sizes], BeforeValidator(_list)] = []

    def files(self, config: str) -> list[tuple[DataFile, int]]:
        """Return the files of a configuration with the rows that each should hold.

        Raises:
            ValueError: The card does not say how many.
        """
        sizes = {
            split.name: split.num_examples
            for each in self.dataset_info
            if each.config_name == config
            for split in each.splits
        }
        files = [file for each in self.configs if each.config_name == config for file in each.data_files]
        unknown = [file.split for file in files if file.split not in sizes]
        if unknown:
            raise ValueError(f"it does not say how many rows {config}/{unknown[0][:80]} has")
        return [(file, sizes[file.split]) for file in files]


def read_front_matter(card: Path) -> FrontMatter:
    """Return the front matter of the card at a path; of a card without one, an empty one.

    Raises:
        ValueError: It is damaged, or beyond the bounds.
        OSError: The card cannot be read, or is no regular file.
    """
    with open_regular(card) as file:
        beginning = file.read(MAX_BYTES)
    text = beginning.decode("utf-8-sig", errors="replace")
    if not text.lstrip().startswith("---"):
        return FrontMatter()
    found = _BLOCK.match(text)
    if found is None:
        raise ValueError(f"its front matter has no end within {MAX_BYTES:,} bytes")
    try:
        return FrontMatter.model_validate(_loaded(found[1]))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "front matter"
        raise ValueError(f"{where[:80]}: {first['msg'][:100]}") from None


def _loaded(text: str) -> Any:
    import yaml

    # Every value stays a text: what looks like a date or a number of many digits costs nothing.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    depth = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                raise ValueError("its front matter holds an alias, which no export writes")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ValueError(f"its front matter is nested more than {MAX_DEPTH} deep")
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        raise ValueError((str(error).splitlines() or ["no YAML"])[0]) from None
