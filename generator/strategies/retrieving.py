"""Blocks of other people's code in the prompts: mined modules, by how like or unlike they are.

    similarity  those most like the best program so far, by Jaccard similarity of their shingles
    diversity   those that differ from one another: each is among the farthest from what was taken before
    chance      the control

NN-RAG of the NNGPT family retrieves blocks for a prompt; which and how, here, is ours. Only modules whose
text a program can carry, and that were probed as usable, are shown. What a prompt showed stands in its row.
This module does *not* know whether a block is used.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from corpus.records.prompts import Message
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from generator.strategies.choices import By
from generator.strategies.contract import Bench, Strategy
from generator.strategies.wrapping import Change, Wrapped, whole_program
from generator.trees.specs import Library

LONGEST = 3_000
"""Characters of the longest block that is shown: a prompt has room for a few; our choice."""

NEAREST = 4
"""Of so many times as many nearest blocks as are shown some are drawn, so that prompts differ; our choice."""

FARTHEST = 4
"""Of so many farthest blocks one is drawn: the farthest of all is an outlier, and nearly always the same."""

_WORDS = """\
Blocks from other people's networks. Use what helps: copy a block into the module, and fit its channels."""


Likeness = Callable[[str, str], float]
"""Returns how alike two texts of code are, in [0, 1]."""


class Block(NamedTuple):
    """A block that may be shown."""

    name: str
    text: str


class Retrieving(Wrapped):
    """Shows blocks in every prompt of a strategy.

    Args:
        inner: The strategy.
        library: The modules of the run.
        count: Blocks in each prompt.
        by: How they are chosen.
        likeness: How alike two programs are.
    """

    def __init__(self, inner: Strategy, library: Library, count: int, by: By, likeness: Likeness) -> None:
        super().__init__(inner)
        self._count, self._by, self._likeness = count, by, likeness
        self.blocks = [
            Block(spec.name, spec.text) for spec in library.values() if 0 < len(spec.text) <= LONGEST
        ]

    def change(self, _bench: Bench) -> Change:
        """Return the blocks of one search."""
        return _Showing(self.blocks, self._count, self._by, self._likeness)


class _Showing(Change):
    def __init__(self, blocks: Sequence[Block], count: int, by: By, likeness: Likeness) -> None:
        self._blocks, self._count, self._by = blocks, min(count, len(blocks)), by
        self._likeness = likeness
        self._best: Trial | None = None

    def changed(self, proposal: Proposal) -> Proposal:
        prompt = whole_program(proposal)
        if prompt is None:
            return proposal
        blocks = self._chosen(random.Random(prompt.seed))
        prompt = prompt.model_copy(update={"messages": showing(prompt.messages, blocks)})
        by = DecidedBy.RULE if self._by == "similarity" and self._best else DecidedBy.CHANCE
        decisions = (*proposal.decisions, Decision(what="blocks", by=by))
        return proposal.model_copy(update={"program": prompt, "decisions": decisions})

    def heard(self, trial: Trial) -> None:
        if trial.accuracy is not None and trial.accuracy > ((self._best and self._best.accuracy) or 0.0):
            self._best = trial

    def _chosen(self, rng: random.Random) -> list[Block]:
        if self._by == "diversity":
            return diverse(self._blocks, self._count, rng, self._likeness)
        if self._by == "similarity" and self._best is not None:
            source, most = self._best.candidate.source or "", NEAREST * self._count
            nearest = similar(self._blocks, source, most, self._likeness)
            return rng.sample(nearest, self._count)
        return rng.sample(self._blocks, self._count)


def similar(blocks: Sequence[Block], source: str, count: int, likeness: Likeness) -> list[Block]:
    """Return the blocks most like a program, nearest first."""
    return sorted(blocks, key=lambda block: -likeness(block.text, source))[:count]


def diverse(blocks: Sequence[Block], count: int, rng: random.Random, likeness: Likeness) -> list[Block]:
    """Return blocks that differ: one drawn by chance, then each among those least like any before it."""
    left, taken = list(blocks), list[Block]()
    nearest = dict.fromkeys(blocks, 0.0)
    while left and len(taken) < count:
        rng.shuffle(left)
        newest = rng.choice(sorted(left, key=nearest.__getitem__)[:FARTHEST])
        taken.append(newest)
        left.remove(newest)
        nearest = {block: max(nearest[block], likeness(block.text, newest.text)) for block in left}
    return taken


def showing(messages: Sequence[Message], blocks: Sequence[Block]) -> tuple[Message, ...]:
    """Return a request with blocks behind it."""
    *before, last = messages
    texts = [f"{block.name}:\n```python\n{block.text.rstrip()}\n```" for block in blocks]
    return (*before, last.model_copy(update={"content": "\n\n".join([last.content, _WORDS, *texts])}))
