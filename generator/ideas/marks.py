"""Where a program stands on a template of ideas, by what it names: the marks of the sub-categories.

A mark is the end of the full name of a layer or function that a program takes from its imports (`GELU`,
`functional.gelu`), a class that it declares itself (`DropPath`: modules from elsewhere travel so), a method
of tensors that it calls (`softmax`), or a block family (`residual`, see `corpus.programs.families`). So a
program of any strategy has its places: several, one or none.

Only the syntax tree is read, and nothing is run: what stands in comments, strings and bare imports, and what
the program calls by its own attributes and functions, shows nothing. This module does *not* say whether an
idea was carried out as it is stated: a layer that is named may never be reached, and what has no name of its
own, such as a width, leaves no mark.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from corpus.programs.families import block_families
from corpus.programs.parsing import parse_or_none
from corpus.programs.tokens import imported_names, outside_name
from corpus.records.search.ideas import SubCategory

MOST_PARTS = 3
"""Parts of a name that a mark may have: `torch.fft.fft2`; our choice."""


def paths_shown(source: str, template: Iterable[SubCategory]) -> frozenset[str]:
    """Return the paths of the sub-categories that a program shows; a text that is no program shows none."""
    named = names_in(source)
    return frozenset(leaf.path for leaf in template if not named.isdisjoint(leaf.marks))


# A memo of a pure function, for figures that go over the same programs again and again.
@lru_cache(maxsize=4096)
def names_in(source: str) -> frozenset[str]:
    """Return all by which a program may show a sub-category: ends of names, methods, block families."""
    tree = parse_or_none(source)
    return frozenset() if tree is None else frozenset(_names(tree)) | block_families(source)


def _names(tree: ast.Module) -> Iterator[str]:
    imports, own = imported_names(tree), _own(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and (name := outside_name(node, imports)):
            parts = name.split(".")[-MOST_PARTS:]
            yield from (".".join(parts[place:]) for place in range(len(parts)))
        elif isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield from {node.func.attr} - own


def _own(tree: ast.Module) -> set[str]:
    """Return the attributes that a program sets and the functions and methods that it declares."""
    return {
        node.attr if isinstance(node, ast.Attribute) else node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    }
