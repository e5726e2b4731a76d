"""A pool of ideas: a template and the ideas under it, the shipped ones or those of a file.

    [[subcategories]]                        # left out: the shipped template
    path = "operator/activation/smooth"
    ...

    [[ideas]]
    id = "gelu-everywhere"
    path = "operator/activation/smooth"
    statement = "..."
    sources = [{ title = "..." }]
    codemod = { match = "activation", becomes = "gelu", every = true, shows = ["+gelu"] }

This module does *not* draw ideas (`sampling` does), find new ones or carry them out.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from pydantic import ValidationError

from corpus.files.reading import UnfitFile, read_text
from corpus.files.whole import write_whole
from corpus.records.mistakes import Mistake, did_you_mean
from corpus.records.search.ideas import Idea, SubCategory, category_of

DATA = Path(__file__).parent / "data"

MAX_FILE_BYTES = 8_000_000
"""Largest file of ideas; our choice: some seventeen thousand ideas, which are read in three seconds."""

MAX_DOTS = 10
"""Most dots in a line outside of strings: the parser takes the square of the parts of a dotted key, of which
no pool has more than three."""

_STRING = re.compile(r'"(?:[^"\\]|\\.?)*"?|\'[^\']*\'?')
_Entry = TypeVar("_Entry", Idea, SubCategory)


class IdeaError(Mistake):
    """A file of ideas that is none, or ideas that contradict one another."""


class IdeaPool:
    """Ideas and their template.

    Args:
        template: The sub-categories, in the template's order.
        ideas: The ideas, in a fixed order.

    Attributes:
        template: The sub-categories by path.
        ideas: The ideas by id.

    Raises:
        IdeaError: Two have one name, an idea's path is not in the template, or its opposite is not there.
    """

    def __init__(self, template: Iterable[SubCategory], ideas: Iterable[Idea]) -> None:
        leaves, held = list(template), list(ideas)
        self.template: Mapping[str, SubCategory] = {each.path: each for each in leaves}
        self.ideas: Mapping[str, Idea] = {each.id: each for each in held}
        if len(self.template) < len(leaves):
            raise IdeaError("the template names a sub-category twice: give each path once")
        if len(self.ideas) < len(held):
            (twice, _), *_ = Counter(each.id for each in held).most_common(1)
            raise IdeaError(f"two ideas are called '{twice}': give each a name of its own")
        for idea in held:
            if idea.path not in self.template:
                near = did_you_mean(idea.path, self.template, " Write one that is there.")
                raise IdeaError(f"idea '{idea.id}': the template has no sub-category '{idea.path}'.{near}")
            if idea.opposite is not None and idea.opposite not in self.ideas:
                near = did_you_mean(idea.opposite, self.ideas, " Leave it out.")
                raise IdeaError(f"idea '{idea.id}': its opposite '{idea.opposite}' is no idea here.{near}")

    @property
    def categories(self) -> list[str]:
        """The categories of the template, each with its level, in its order."""
        return list(dict.fromkeys(map(category_of, self.template)))

    @cached_property
    def by_path(self) -> Mapping[str, Sequence[Idea]]:
        """The ideas under each sub-category that has any, in the template's order."""
        found: dict[str, list[Idea]] = {path: [] for path in self.template}
        for idea in self.ideas.values():
            found[idea.path].append(idea)
        return {path: ideas for path, ideas in found.items() if ideas}

    def where(self, keep: Iterable[Idea]) -> IdeaPool:
        """Return the pool of some of its ideas, under the same template; opposites that go are forgotten."""
        kept = {idea.id: idea for idea in keep}
        whole = [
            idea if idea.opposite in kept else idea.model_copy(update={"opposite": None})
            for idea in kept.values()
        ]
        return IdeaPool(self.template.values(), whole)


@lru_cache(maxsize=1)
def shipped() -> IdeaPool:
    """Return the pool that comes with the package."""
    files = [tomllib.loads(path.read_text("utf-8")) for path in sorted(DATA.glob("*.toml"))]
    leaves = [SubCategory.model_validate(each) for file in files for each in file.get("subcategories", ())]
    ideas = [Idea.model_validate(each) for file in files for each in file.get("ideas", ())]
    return IdeaPool(leaves, ideas)


def read_pool(path: Path) -> IdeaPool:
    """Return the pool of a file; without a template of its own it has the shipped one.

    Raises:
        IdeaError: It is not there, is too large, or is no pool.
    """
    try:
        return _parsed(_document(read_text(path, MAX_FILE_BYTES)))
    except UnfitFile as error:
        raise IdeaError(str(error)) from None
    except OSError as error:
        raise IdeaError(f"{path}: cannot be read: {error.strerror}. Check the path.") from None
    except UnicodeDecodeError:
        raise IdeaError(f"{path}: this is no UTF-8 text. Save it as such.") from None
    except IdeaError as error:
        raise IdeaError(f"{path}: {error}") from None


def write_pool(pool: IdeaPool, path: Path) -> None:
    """Write a pool as a file that `read_pool` reads; the shipped template is left out.

    Raises:
        IdeaError: It would be larger than what is read.
        OSError: It cannot be written.
    """
    document: dict[str, Any] = {}
    if pool.template != shipped().template:
        document["subcategories"] = [_plain(each) for each in pool.template.values()]
    document["ideas"] = [_plain(each) for each in pool.ideas.values()]
    text = tomli_w.dumps(document, multiline_strings=False)
    if len(text.encode()) > MAX_FILE_BYTES:
        raise IdeaError(
            f"{path}: {len(pool.ideas):,} ideas are more than a file of {MAX_FILE_BYTES:,} bytes holds. "
            "Write them to several."
        )
    write_whole(path, text)


def _document(text: str) -> Mapping[str, Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MAX_DOTS and _STRING.sub("", line).count(".") > MAX_DOTS:
            raise IdeaError(f"line {number} has more than {MAX_DOTS} dots outside of strings: shorten it")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise IdeaError("it is nested too deeply: an idea is one table") from None
    except ValueError as error:
        raise IdeaError(f"this is not valid TOML: {error}. Mend that line.") from None


def _parsed(document: Mapping[str, Any]) -> IdeaPool:
    unknown = set(document) - {"subcategories", "ideas"}
    if unknown:
        name = min(unknown)[:60]
        raise IdeaError(f"'{name}' is no table of a pool, which has [[subcategories]] and [[ideas]] alone")
    template = _records(SubCategory, document, "subcategories") or shipped().template.values()
    return IdeaPool(template, _records(Idea, document, "ideas"))


def _records(model: type[_Entry], document: Mapping[str, Any], name: str) -> list[_Entry]:
    values = document.get(name, [])
    if not isinstance(values, list):
        raise IdeaError(f"'{name}' must be a list of tables: write [[{name}]]")
    found: list[_Entry] = []
    for number, value in enumerate(values, 1):
        try:
            found.append(model.model_validate(value))
        except ValidationError as error:
            raise IdeaError(f"{name}.{number}{_flaw(error)}. Mend that entry.") from None
    return found


def _flaw(error: ValidationError) -> str:
    first = error.errors()[0]
    place = "".join(f".{str(step)[:60]}" for step in first["loc"])
    return f"{place}: {first['msg']}"


def _plain(record: Idea | SubCategory) -> dict[str, Any]:
    return record.model_dump(mode="json", exclude_defaults=True)
