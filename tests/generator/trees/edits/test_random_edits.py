"""Two thousand random edits in chains: nothing raises, all is legal and new, torch builds what was said."""

from __future__ import annotations

import random

import pytest

from generator.spaces.trees import TreeSpace
from generator.trees.edits.adaptors import mended
from generator.trees.edits.gate import verdict
from generator.trees.edits.ground import Ground
from generator.trees.nodes import Tree
from tests.generator.spaces.building import SHAPES
from tests.generator.trees.edits.grounds import probed

EDITS, CHAIN, BUILT = 2_000, 20, 50
CAPS = (20_000, 10_000, 30_000, 60_000, 8_000, 40_000)


@pytest.mark.slow
def test_random_edits_are_legal_new_and_what_they_were_meant_to_be() -> None:
    seen: set[str] = set()
    spaces = [TreeSpace(shape, max_parameters=cap) for shape, cap in zip(SHAPES, CAPS, strict=True)]
    for chain in range(EDITS // CHAIN):
        space, rng = spaces[chain % len(spaces)], random.Random(chain)
        point = rng.choice(space.starts())
        key = space.key(point)
        for step in range(CHAIN):
            child, operation = space.mutate(point, rng)
            before, key = key, space.key(child)
            assert space.legal(child) and key != before, space.encode(child)
            if step == chain % CHAIN and chain % (EDITS // CHAIN // BUILT) == 0:
                _check_in_torch(space, point, child, operation)
            seen.add(operation)
            point = child
    assert seen == set(space.edits)


def _check_in_torch(space: TreeSpace, point: Tree, child: Tree, operation: str) -> None:
    ground = Ground(space.library, space.shape, 10**9)
    before, after = probed(point, ground, space.shape), probed(child, ground, space.shape)
    assert verdict(before, after, operation) is None, space.encode(child)
    assert after.parameters == space.parameters(child)
    assert after.output_shape == (space.shape.classes,)
    assert space.decode(space.encode(child)) == child
    whole = mended(child, space.shape, space.library, ground.layout)
    assert whole is not None and space.key(whole) == space.key(child), "no adaptor is needless"
