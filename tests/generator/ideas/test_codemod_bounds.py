"""How large a network a codemod may lead to, and how long it takes to say that one is too large."""

from __future__ import annotations

import time

import pytest

from corpus.records.search.ideas import Codemod
from generator.ideas.codemods import EVERYWHERE, outcome, places
from generator.trees.edits.ground import Ground
from tests.generator.spaces.building import DIGITS
from tests.generator.trees.edits.grounds import GROUND, tree

TREE = tree("conv(8) batch_norm relu | 3x[residual(conv relu conv) relu] max_pool conv(16) | mean classifier")


def test_how_large_it_may_become_is_for_the_ground_to_say() -> None:
    how = Codemod(scale=4.0, part="stages", every=True, shows=("+parameters",))
    tight, loose = Ground(GROUND.library, DIGITS, 7_000), Ground(GROUND.library, DIGITS, 200_000)
    assert outcome(how, TREE, EVERYWHERE, tight) is None
    assert outcome(how, TREE, EVERYWHERE, loose) is not None


@pytest.mark.parametrize(
    "becomes",
    [
        "2x[residual(relu)] " + "_ " * 490,
        "64x[residual(" * 5 + "relu" + ")]" * 5,
        "9999x[residual(" * 3 + "relu" + ")]" * 3,
        "residual(" * 15 + "relu" + ")" * 15,
        "cat(" + "; ".join(["_"] * 300) + ")",
    ],
    ids=["long", "repeated", "often", "deep", "wide"],
)
@pytest.mark.parametrize("match", ["relu", "block", ""])
def test_a_row_that_asks_for_a_huge_network_is_given_up_soon(match: str, becomes: str) -> None:
    how, began = Codemod(match=match, becomes=becomes, every=True, shows=("+add",)), time.process_time()
    assert places(how, TREE, GROUND) == []
    assert time.process_time() - began < 1
