"""What a cell computes, whichever of its spellings was written: its canonical wiring.

A cell of NAS-Bench-201 (Dong and Yang, ICLR 2020) has four nodes; an operator lies on each edge from a node
to a later one, and a node is the sum of what its edges bring. Many cells spell one network: an edge behind
`none` computes nothing, one into a node that nothing uses is for nothing, `skip` hands on what is there
already, and two nodes may change places. The wiring is the expression that is left when all that is
resolved: sums of the input and of terms, a term being an operator on a sum. Equal wirings are equal
networks, to the last bit, because programs are written from the wiring.

It does *not* know equalities that calculus alone would show: that average pooling may be moved over a sum
or (but for the border) past a convolution, or that a batch normalisation takes back a doubling before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

NONE, SKIP, POOL = "none", "skip", "pool3x3"

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""The edges of a cell, as (from, to), in the order of its encoding."""

INPUT = "x"
_NAMES = "abcdef"


class Term(NamedTuple):
    """An operator and the sum that it takes: names of earlier terms, and of the input, in order."""

    op: str
    takes: tuple[str, ...]


class Wiring(NamedTuple):
    """A cell's expression.

    Attributes:
        terms: The terms by name, each after those that it takes.
        gives: The sum that leaves the cell; empty for a cell that computes zero.
    """

    terms: tuple[tuple[str, Term], ...]
    gives: tuple[str, ...]

    @property
    def text(self) -> str:
        """The wiring in a line: `a=conv3x3(x); b=conv3x3(a+x); a+b`, or `0`."""
        written = [f"{name}={term.op}({'+'.join(term.takes)})" for name, term in self.terms]
        return "; ".join([*written, "+".join(self.gives) or "0"])


def wire(cell: Sequence[str]) -> Wiring:
    """Return the wiring of a cell: the operators of `EDGES`, in their order."""
    terms, gives = _resolve(cell)
    live = _live(terms, gives)
    colours: dict[str, str] = {INPUT: INPUT}
    for name in live:  # what a term computes, sharing aside
        op, takes = terms[name]
        colours[name] = f"{op}({'+'.join(sorted(colours[each] for each in takes))})"
    alternatives = (_renamed(terms, gives, order) for order in _orders(live, colours))
    return min(alternatives, key=lambda wiring: wiring.text)


def _resolve(cell: Sequence[str]) -> tuple[dict[str, Term], tuple[str, ...]]:
    """Return the terms of a cell under preliminary names, and what leaves it."""
    terms: dict[str, Term] = {}
    nodes: list[tuple[str, ...]] = [(INPUT,), (), (), ()]
    for op, (source, target) in zip(cell, EDGES, strict=True):
        taken = tuple(sorted(nodes[source]))
        if op == NONE or not taken:
            continue
        if op == SKIP:
            nodes[target] += taken
            continue
        term = Term(op, taken)
        # Pooling has no parameters: of one sum it is one term. Of two convolutions each has its own.
        known = [name for name, other in terms.items() if op == POOL and other == term]
        name = known[0] if known else f"{len(terms)}"
        terms[name] = term
        nodes[target] += (name,)
    return terms, nodes[-1]


def _live(terms: Mapping[str, Term], gives: Sequence[str]) -> list[str]:
    """Return the terms that lead out of the cell, in the order in which they were found."""
    reached = set(gives)
    for name in reversed(list(terms)):
        if name in reached:
            reached.update(terms[name].takes)
    return [name for name in terms if name in reached]


def _orders(live: Sequence[str], colours: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the orders of the terms that their colours leave open, each with sources before users."""
    ranked = sorted(live, key=lambda name: (colours[name].count("("), colours[name]))
    groups = [list(group) for _, group in itertools.groupby(ranked, key=colours.__getitem__)]
    for choice in itertools.product(*(itertools.permutations(group) for group in groups)):
        yield [name for group in choice for name in group]


def _renamed(terms: Mapping[str, Term], gives: Sequence[str], order: Sequence[str]) -> Wiring:
    names = dict(zip(order, _NAMES, strict=False)) | {INPUT: INPUT}
    written = tuple(
        (names[old], Term(terms[old].op, tuple(sorted(names[each] for each in terms[old].takes))))
        for old in order
    )
    return Wiring(written, tuple(sorted(names[each] for each in gives)))
