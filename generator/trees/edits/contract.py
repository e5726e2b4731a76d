"""The contract of edits: an operation has places in a tree, and at each place a few ways to be carried out.

    operation -> location (`sites`) -> module (`subjects`) -> arguments (`options`) -> tree (`apply`)

These are the degrees of freedom that somebody decides on, a model or chance. What is offered is legal: an
edit that cannot be made legal by adaptors, that makes the network too large, or that changes nothing in its
graph is in no list. All lists have a fixed order. This module does *not* hold the operations.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import NamedTuple

from generator.trees.edits.ground import Facts, Ground
from generator.trees.edits.places import END, at, put
from generator.trees.encoding import encode_node
from generator.trees.nodes import Node, Path, Tree

LONGEST_PLACE = 80
"""Characters of a place in words, beyond which it is cut."""


class EditError(ValueError):
    """An edit that is not legal, or that there is not."""


class Option(NamedTuple):
    """One way to carry out an operation at one place.

    Attributes:
        what: What it is about, in a word: a module, an argument, a composite.
        how: How that is set: `kernel=5`; may be empty. Of one `what`, no two are alike.
        change: Returns the tree, changed, before its shapes are mended.
    """

    what: str
    how: str
    change: Callable[[Tree], Tree]


def putting(path: Path, *nodes: Node, instead_of: int = 1) -> Callable[[Tree], Tree]:
    """Return the change that puts nodes at a path, as `put` does."""
    return lambda tree: put(tree, path, nodes, instead_of=instead_of)


class Operation(ABC):
    """One kind of edit, on a ground.

    Attributes:
        name: Its name: `swap`.
        words: What it does, for a model.
    """

    name: str
    words: str

    def __init__(self, ground: Ground) -> None:
        """Edit trees of this ground."""
        self.ground = ground

    def sites(self, tree: Tree) -> list[Path]:
        """Return the places with at least one legal option."""
        return [path for path in self.places(tree) if next(self._legal(tree, path), None) is not None]

    def subjects(self, tree: Tree, path: Path) -> list[str]:
        """Return what legal options at a place are about."""
        found: dict[str, None] = {}
        for draft in self.drafts(tree, path):
            if draft.what not in found and self._outcome(tree, draft) is not None:
                found[draft.what] = None
        return list(found)

    def options(self, tree: Tree, path: Path, what: str | None = None) -> list[Option]:
        """Return the legal options at a place, of one subject or of all."""
        return [option for option in self._legal(tree, path) if what in (None, option.what)]

    def apply(self, tree: Tree, path: Path, option: Option) -> Tree:
        """Return the tree that an option leads to: legal, in canonical form.

        Raises:
            EditError: The option is not legal.
        """
        found = self._outcome(tree, option)
        if found is None:
            raise EditError(f"{self.name} at {self.place(tree, path)}: {option.what} {option.how} is no edit")
        return found.tree

    def draw(self, tree: Tree, rng: random.Random) -> Tree | None:
        """Return a tree that one edit leads to, None where there is none.

        The place is drawn uniformly among `sites`, then what it is about, then how.
        """
        places = list(self.places(tree))
        for path in rng.sample(places, len(places)):
            drafts: dict[str, list[Option]] = {}
            for draft in self.drafts(tree, path):
                drafts.setdefault(draft.what, []).append(draft)
            for what in rng.sample(list(drafts), len(drafts)):
                for draft in rng.sample(drafts[what], len(drafts[what])):
                    found = self._outcome(tree, draft)
                    if found is not None:
                        return found.tree
        return None

    def place(self, tree: Tree, path: Path) -> str:
        """Return a place in words; no two places of a tree have the same."""
        part = f"stage {int(path[1]) + 1}" if path[0] == "stages" else str(path[0])
        steps = path[2 if path[0] == "stages" else 1 :]
        if not steps:
            return part
        number = ".".join(str(step + 1) if isinstance(step, int) else step for step in steps)
        shown = "" if path[-1] == END else f": {encode_node(at(tree, path), self.ground.library)}"
        words = f"{part}, {number}{shown}"
        return words if len(words) <= LONGEST_PLACE else f"{words[: LONGEST_PLACE - 4]} ..."

    @abstractmethod
    def places(self, tree: Tree) -> Iterator[Path]:
        """Yield the places where there may be options."""

    @abstractmethod
    def drafts(self, tree: Tree, path: Path) -> Iterator[Option]:
        """Yield what may be done at a place, legal or not."""

    def intended(self, before: Facts, after: Facts) -> bool:  # noqa: ARG002
        """Return whether the change is the one that was meant; that there is one is known already."""
        return True

    def _legal(self, tree: Tree, path: Path) -> Iterator[Option]:
        return (draft for draft in self.drafts(tree, path) if self._outcome(tree, draft) is not None)

    def _outcome(self, tree: Tree, draft: Option) -> Facts | None:
        before, after = self.ground.facts(tree), self.ground.finished(draft.change(tree))
        if after is None or after.seen == before.seen or not self.intended(before, after):
            return None
        return after
