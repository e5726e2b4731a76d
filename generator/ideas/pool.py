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

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from corpus.files.reading import UnfitFile, read_text
from corpus.files.whole import write_whole
from corpus.records.mistakes import Mistake
from corpus.records.search.ideas import Idea, SubCategory, category_of

DATA = Path(__file__).parent / "data"

MAX_FILE_BYTES = 8_000_000
"""Largest file of ideas; our choice: some twenty thousand ideas."""


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
            twice = next(each.id for each in held if self.ideas[each.id] is not each)
            raise IdeaError(f"two ideas are called '{twice}': give each a name of its own")
        for idea in held:
            if idea.path not in self.template:
                raise IdeaError(f"idea '{idea.id}': the template has no sub-category '{idea.path}'")
            if idea.opposite is not None and idea.opposite not in self.ideas:
                raise IdeaError(f"idea '{idea.id}': there is no idea '{idea.opposite}' to be its opposite")

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
    files = [tomllib.loads(path.read_text()) for path in sorted(DATA.glob("*.toml"))]
    leaves = [SubCategory.model_validate(each) for file in files for each in file.get("subcategories", ())]
    ideas = [Idea.model_validate(each) for file in files for each in file.get("ideas", ())]
    return IdeaPool(leaves, ideas)


def read_pool(path: Path) -> IdeaPool:
    """Return the pool of a file; without a template of its own it has the shipped one.

    Raises:
        IdeaError: It is not there, is too large, or is no pool.
    """
    try:
        return _parsed(tomllib.loads(read_text(path, MAX_FILE_BYTES)))
    except (OSError, UnfitFile, UnicodeDecodeError) as error:
        raise IdeaError(f"{path}: cannot be read: {error}. Check the path.") from None
    except tomllib.TOMLDecodeError as error:
        raise IdeaError(f"{path}: this is not valid TOML: {error}. Mend that line.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise IdeaError(f"{path}: {place}: {first['msg']}. Mend that entry.") from None
    except IdeaError as error:
        raise IdeaError(f"{path}: {error}") from None


def write_pool(pool: IdeaPool, path: Path) -> None:
    """Write a pool as a file that `read_pool` reads; the shipped template is left out."""
    document: dict[str, Any] = {}
    if pool.template != shipped().template:
        document["subcategories"] = [_plain(each) for each in pool.template.values()]
    document["ideas"] = [_plain(each) for each in pool.ideas.values()]
    write_whole(path, tomli_w.dumps(document, multiline_strings=False))


def _parsed(document: Mapping[str, Any]) -> IdeaPool:
    unknown = set(document) - {"subcategories", "ideas"}
    if unknown:
        raise IdeaError(f"'{min(unknown)[:60]}' is no table of a pool: it has subcategories and ideas")
    leaves, ideas = document.get("subcategories", []), document.get("ideas", [])
    template = _records(SubCategory, leaves, "subcategories") or shipped().template.values()
    return IdeaPool(template, _records(Idea, ideas, "ideas"))


def _records(model: Any, values: Any, name: str) -> list[Any]:
    if not isinstance(values, list):
        raise IdeaError(f"'{name}' must be a list of tables: write [[{name}]]")
    return [model.model_validate(value) for value in values]


def _plain(record: Idea | SubCategory) -> dict[str, Any]:
    return record.model_dump(mode="json", exclude_defaults=True)
