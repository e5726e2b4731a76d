"""Where an idea's codemod may be carried out on a tree, and what comes of it there; and edits without ideas.

This module does *not* choose among the places, and a model's way of carrying out an idea is in `making`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from corpus.records.search.ideas import Codemod
from generator.ideas import codemods
from generator.spaces.trees import TreeSpace
from generator.trees.edits.contract import EditError
from generator.trees.nodes import Tree

EDITS = 16
"""Edits that are drawn at most to find one that is new, and deeper where it is to be; our choice."""


def outcomes(
    codemod: Codemod,
    tree: Tree,
    space: TreeSpace,
    fresh: Callable[[Tree], bool],
    rng: random.Random,
    count: int,
) -> Mapping[str, Tree]:
    """Return what becomes of a tree at a few drawn places, by the places in words, in the network's order.

    Args:
        codemod: The codemod; of one whose rows cannot be read nothing comes.
        tree: The tree.
        space: The space on whose ground it is carried out.
        fresh: Whether a network was not tried yet.
        rng: Draws the places.
        count: Places at most.
    """
    try:
        found = list(codemods.outcomes(codemod, tree, space.ground).items())
    except codemods.CodemodError:
        return {}
    leading: list[int] = []
    for number in rng.sample(range(len(found)), len(found)):
        if fresh(found[number][1].tree):
            leading.append(number)
        if len(leading) == count:
            break
    naming = next(iter(space.edits.values()))
    return {
        naming.place(tree, place) if place else "everywhere": after.tree
        for place, after in (found[number] for number in sorted(leading))
    }


def edited(
    tree: Tree, edit: str, space: TreeSpace, fresh: Callable[[Tree], bool], rng: random.Random
) -> Tree | None:
    """Return a tree after one edit: new, and deeper where something is to be repeated more often.

    Args:
        tree: The tree.
        edit: Name of an operation of the space.
        space: The space on whose ground the edit is made.
        fresh: Whether a network was not tried yet.
        rng: Draws the edit.
    """
    modules = space.ground.facts(tree).modules
    for _ in range(EDITS):
        try:
            after, _ = space.mutate(tree, rng, edit)
        except EditError:
            return None
        deep_enough = edit != "repeat" or space.ground.facts(after).modules > modules
        if deep_enough and fresh(after):
            return after
    return None
