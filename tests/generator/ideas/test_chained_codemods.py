"""Codemods of the shipped ideas, one after the other: whatever came of others is a tree to go on from."""

from __future__ import annotations

import random

import pytest

from generator.ideas.codemods import outcome, places
from generator.ideas.pool import shipped
from generator.ideas.sampling import draw
from generator.trees.canonical import canonical
from generator.trees.encoding import decode, encode
from generator.trees.rendering import render
from generator.trees.shapes import lay_out
from generator.trees.starts import STARTS, start
from tests.generator.spaces.building import DIGITS, build, images
from tests.generator.trees.edits.grounds import GROUND

STEPS = 12
POOL = shipped().where(idea for idea in shipped().ideas.values() if idea.codemod is not None)


@pytest.mark.parametrize("family", STARTS)
def test_ideas_are_carried_out_on_what_others_left(family: str) -> None:
    import torch

    rng = random.Random(family)
    found = start(family, DIGITS, GROUND.library, max_parameters=20_000)
    done: list[str] = []
    for _ in range(10 * STEPS):
        idea = draw(POOL, rng)
        assert found is not None and idea.codemod is not None
        where = places(idea.codemod, found, GROUND)
        after = outcome(idea.codemod, found, rng.choice(where), GROUND) if where else None
        assert (after is None) == (not where), idea.id
        if after is None:
            continue
        found = after.tree
        done.append(idea.id)
        assert not after.layout.problems and GROUND.small(after.layout)
        assert canonical(found, DIGITS, GROUND.library) == found
        assert decode(encode(found, GROUND.library), GROUND.library) == found
        if len(done) == STEPS:
            break
    assert len(set(done)) > STEPS // 2
    assert found is not None
    net = build(render(found, DIGITS, GROUND.library), DIGITS)
    assert sum(each.numel() for each in net.parameters()) == lay_out(found, DIGITS, GROUND.library).parameters
    with torch.no_grad():
        assert net.eval()(images(DIGITS, 2)).shape == (2, DIGITS.classes)
