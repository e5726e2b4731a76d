"""What holds for any legal tree, shown on random ones: of its program, its text and its canonical form."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from corpus.records.tasks.shape import TaskShape
from evaluator.child.lint import lint
from generator.trees.canonical import canonical, key, mapped
from generator.trees.encoding import decode, encode
from generator.trees.nodes import Tree, walk
from generator.trees.rendering import render
from generator.trees.shapes import check, lay_out
from tests.generator.spaces.building import SHAPES, build, images
from tests.generator.trees.drawn import LIBRARY, draw_tree

TREES = [
    (draw_tree(random.Random(seed), SHAPES[seed % len(SHAPES)]), SHAPES[seed % len(SHAPES)])
    for seed in range(120)
]


def test_random_trees_hold_everything() -> None:
    nodes = [node for tree, _ in TREES for _, node in walk(tree)]
    assert {node.name for node in nodes if hasattr(node, "name")} == set(LIBRARY)
    assert {node.kind for node in nodes if hasattr(node, "kind")} == {
        "sequence",
        "residual",
        "branches",
        "gate",
    }


@pytest.mark.parametrize("seed", range(0, 120, 10))
def test_a_program_is_what_was_inferred(seed: int) -> None:
    for tree, shape in TREES[seed : seed + 10]:
        source = render(tree, shape, LIBRARY)
        assert lint(source) is None
        assert max(map(len, source.splitlines())) <= 110
        net = build(source, shape)
        layout = lay_out(tree, shape, LIBRARY)
        assert sum(each.numel() for each in net.parameters()) == layout.parameters, source
        flowing = images(shape, 3)
        for path, leaving in layout.leaving.items():
            name = f"stage{int(path[1]) + 1}" if path[0] == "stages" else path[0]
            flowing = getattr(net, name)(flowing)
            expected = (leaving.channels,) if leaving.flat else tuple(leaving)
            assert tuple(flowing.shape[1:]) == expected, source


@pytest.mark.parametrize("seed", range(0, 120, 6))
def test_a_program_trains_on_any_batch(seed: int) -> None:
    import torch

    tree, shape = TREES[seed]
    net = build(render(tree, shape, LIBRARY), shape)
    batches = [(images(shape, size), torch.arange(size) % shape.classes) for size in (4, 1)]
    net.train_setup({"lr": 0.01, "momentum": 0.9, "epoch_max": 1})
    before = [each.clone() for each in net.parameters()]
    net.learn(batches)
    assert any(not torch.equal(*pair) for pair in zip(before, net.parameters(), strict=True))


def test_a_text_is_its_tree() -> None:
    for tree, _ in TREES:
        text = encode(tree, LIBRARY)
        assert "\n" not in text
        assert decode(text, LIBRARY) == tree


def test_the_canonical_form_is_one_form_of_the_same_network() -> None:
    for tree, shape in TREES:
        assert canonical(tree, shape, LIBRARY) == tree
        spelled = _spelled_out(tree, shape)
        assert check(spelled, shape, LIBRARY) == []
        assert canonical(spelled, shape, LIBRARY) == tree
        assert key(spelled, shape, LIBRARY) == key(tree, shape, LIBRARY)
        assert render(spelled, shape, LIBRARY) == render(tree, shape, LIBRARY)


def _spelled_out(tree: Tree, shape: TaskShape) -> Tree:
    """Return a tree with all arguments given and all widths as numbers."""

    sites = lay_out(tree, shape, LIBRARY).sites
    return mapped(
        tree,
        lambda path, module: replace(
            module,
            arguments=tuple(each for each in sites[path].module.arguments if each[0] != "classes"),
        ),
    )
