"""The space of trees: what only it does."""

from __future__ import annotations

import random
from typing import Any

import pytest

from generator.spaces.catalogue import build_space
from generator.spaces.trees import TreeSpace
from generator.trees.edits.contract import EditError
from generator.trees.primitives import PRIMITIVES
from generator.trees.specs import Library, ModuleSpec
from tests.generator.spaces.building import DIGITS, build, images

SPACE, LARGE = TreeSpace(DIGITS, max_parameters=20_000), TreeSpace(DIGITS)
SMALL = SPACE.starts()[0]
HALVED = """\
import torch.nn as nn


class Halved(nn.Module):
    def forward(self, x):
        return x / 2
"""
MINED = ModuleSpec(
    "Halved",
    "block",
    infer=lambda shape, _: shape,
    write=lambda *_: "Halved()",
    text=HALVED,
    origin="a folder",
    licence="MIT",
    primitive=False,
)


def test_an_operation_can_be_asked_for_by_its_name() -> None:
    rng = random.Random(0)
    assert all(LARGE.mutate(SMALL, rng, name)[1] == name for name in LARGE.edits)


def test_an_operation_that_is_possible_nowhere_is_a_mistake() -> None:
    flat = SPACE.decode("| flatten classifier")
    assert flat is not None
    with pytest.raises(EditError, match="no edit 'widen' is possible"):
        SPACE.mutate(flat, random.Random(0), "widen")


def test_operations_are_drawn_alike() -> None:
    rng = random.Random(1)
    drawn = [LARGE.mutate(SMALL, rng)[1] for _ in range(160)]
    assert all(8 <= drawn.count(name) <= 36 for name in LARGE.edits)


def test_there_is_a_start_for_each_family_that_fits() -> None:
    assert SPACE.start("resnet") in SPACE.starts()
    assert SPACE.start("transformer") is None
    assert TreeSpace(DIGITS, max_parameters=500).starts(), "where no family fits there is one small tree"


def test_a_text_that_is_no_canonical_form_is_read_as_one() -> None:
    found = SPACE.decode("conv(8, stride=1) | identity cat(conv relu) | pool(1) flatten classifier")
    assert found is not None and SPACE.encode(found) == "conv(8) | conv(8) relu | mean classifier"


@pytest.mark.parametrize(
    "text", ["conv(8) | conv(16, groups=3) | mean classifier", "conv(999) | flatten classifier"]
)
def test_a_tree_that_is_not_legal_or_too_large_is_no_point(text: str) -> None:
    assert SPACE.decode(text) is None


def test_trees_of_one_kind_have_one_niche() -> None:
    texts = [
        "conv(8) relu | mean classifier",
        "conv(4) gelu | mean classifier",
        "residual(conv) relu | mean classifier",
    ]
    first, second, third = (SPACE.niche(point) for text in texts if (point := SPACE.decode(text)))
    assert first == second != third


def test_modules_of_a_library_are_put_in_and_their_text_comes_with_them() -> None:
    space: Any = build_space("trees", DIGITS, 20_000, Library([*PRIMITIVES, MINED]))
    rng, point = random.Random(2), space.starts()[0]
    found = None
    for _ in range(400):
        found, _ = space.mutate(point, rng, "insert")
        if "Halved" in space.operations(found):
            break
    assert found is not None and "class Halved" in space.render(found)
    assert space.parameters(found) is None and space.legal(found)
    assert build(space.render(found), DIGITS)(images(DIGITS, 2)).shape == (2, DIGITS.classes)
    own = space.primitive()
    assert own.decode(space.encode(found)) is None and "Halved" not in own.vocabulary()


def test_only_trees_are_made_of_a_library() -> None:
    with pytest.raises(ValueError, match="'cells' is not made of a library's modules"):
        build_space("cells", DIGITS, 20_000, Library(PRIMITIVES))
