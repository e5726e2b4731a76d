"""Shapes through a tree: what each node is given, and what is said of trees that do not fit together."""

from __future__ import annotations

import pytest

from corpus.records.tasks.shape import TaskShape
from generator.trees.encoding import decode
from generator.trees.nodes import Composite, Module, Repeat, Tree, sequence
from generator.trees.primitives import primitives
from generator.trees.shapes import MAX_DEPTH, check, lay_out, parameters
from generator.trees.specs import Library, ModuleSpec, Shape

LIBRARY = primitives()
SHAPE = TaskShape(channels=3, height=12, width=10, classes=7)


def tree(text: str) -> Tree:
    found = decode(text, LIBRARY)
    assert found is not None, text
    return found


def test_each_node_has_its_shapes() -> None:
    found = lay_out(
        tree("conv(8) | conv(16, stride=2) 2x[residual(conv(/4, kernel=1) relu conv)] | mean classifier"),
        SHAPE,
        LIBRARY,
    )
    assert found.problems == ()
    inner = found.sites[("stages", 0, 1, "body", 0, 0)]
    assert (inner.entering, inner.leaving) == (Shape(16, 6, 5), Shape(4, 6, 5))
    assert (inner.base, inner.times) == (16, 2)
    assert inner.module is not None
    assert (inner.module.get("width"), inner.module.get("bias")) == (4, False)
    assert found.leaving == {
        ("stem",): Shape(8, 12, 10),
        ("stages", 0): Shape(16, 6, 5),
        ("head",): Shape(7),
    }
    assert found.parameters == 3 * 8 * 9 + 8 * 16 * 9 + 2 * (16 * 4 + 4 * 16 * 9) + 17 * 7


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("conw(width=8) | mean classifier", "unknown", ("stem", 0)),
        ("conv(8, size=3) | mean classifier", "argument", ("stem", 0)),
        ("conv(8, width=9) | mean classifier", "argument", ("stem", 0)),
        ("conv(8, kernel=3.0) | mean classifier", "argument", ("stem", 0)),
        ("conv(8, bias=1) | mean classifier", "argument", ("stem", 0)),
        ("conv(x5) | mean classifier", "argument", ("stem", 0)),
        ("conv(99999) | mean classifier", "argument", ("stem", 0)),
        ("conv(8, groups=2) | mean classifier", "shape", ("stem", 0)),
        ("conv(8) | mean | conv(8) | mean classifier", "shape", ("stages", 1, 0)),
        ("| residual(conv(8)) | mean classifier", "residual", ("stages", 0, 0)),
        ("| residual(relu; relu; relu) | mean classifier", "residual", ("stages", 0, 0)),
        ("| cat(relu; max_pool) | mean classifier", "branches", ("stages", 0, 0)),
        ("| add(conv(4); conv(8)) | mean classifier", "branches", ("stages", 0, 0)),
        ("| gate(conv(2)) | mean classifier", "gate", ("stages", 0, 0)),
        ("| gate(pool(2)) | mean classifier", "gate", ("stages", 0, 0)),
        ("| gate(mean) | mean classifier", "gate", ("stages", 0, 0)),
        ("| 2x[conv(8)] | mean classifier", "repeat", ("stages", 0, 0)),
        ("| 65x[relu] | mean classifier", "repeat", ("stages", 0, 0)),
        ("conv(8) | mean", "classifier", ("head",)),
        ("classifier | mean classifier", "classifier", ("head",)),
        ("conv(8) | mean classifier classifier", "classifier", ("head",)),
        ("conv(8) | mean add(classifier; classifier)", "classifier", ("head",)),
        ("conv(8) | classifier", "classifier", ("head", 0)),
        ("conv(8) | mean classifier relu", "classifier", ("head", 1)),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, kind: str, path: tuple[str | int, ...]) -> None:
    problems = check(tree(text), SHAPE, LIBRARY)
    assert [(problem.kind, problem.path) for problem in problems] == [(kind, path)]
    assert "\n" not in problems[0].text


@pytest.mark.parametrize(
    "gate", ["pool sigmoid", "conv(1) sigmoid", "conv sigmoid", "pool conv(/2, kernel=1) conv"]
)
def test_a_gate_broadcasts(gate: str) -> None:
    assert check(tree(f"conv(8) gate({gate}) | mean classifier"), SHAPE, LIBRARY) == []


def test_scores_may_come_of_a_convolution() -> None:
    assert check(tree("conv(8) | classifier relu mean"), SHAPE, LIBRARY) == []


def test_trees_without_end_are_refused() -> None:
    node: Module | Composite | Repeat = Module("relu")
    for _ in range(MAX_DEPTH + 1):
        node = Composite("residual", (node,))
    deep = Tree((node,), (), (Module("mean"), Module("classifier")))
    assert [problem.kind for problem in check(deep, SHAPE, LIBRARY)] == ["size"]
    long = Tree((Module("relu"),) * 3_000, (), deep.head)
    assert [problem.kind for problem in check(long, SHAPE, LIBRARY)] == ["size"]


def test_repeats_in_repeats_are_bounded_by_what_they_would_write_out() -> None:
    nested = decode("| " + "64x[residual(" * 5 + "relu" + ")]" * 5 + " | mean classifier", LIBRARY)
    assert nested is not None
    assert [problem.kind for problem in check(nested, SHAPE, LIBRARY)] == ["size"]


def test_parameters_are_unknown_where_a_module_has_no_formula() -> None:
    mined = ModuleSpec("Mined-1", "block", lambda shape, _: shape, lambda *_: "Mined()", primitive=False)
    both = Library([*LIBRARY.values(), mined])
    assert parameters(Tree((Module("Mined-1"),), (), tree("|mean classifier").head), SHAPE, both) is None


def test_a_mined_module_takes_what_was_probed_alone() -> None:
    choices = {"k": (3, 5), "act": ("relu", None)}
    mined = ModuleSpec(
        "Mined-1", "block", lambda shape, _: shape, lambda *_: "Mined()", choices, primitive=False
    )
    both = Library([*LIBRARY.values(), mined])
    for arguments, legal in [
        ((("k", 5), ("act", None)), True),
        ((("k", 7),), False),
        ((("k", True),), False),
    ]:
        node = sequence([Module("Mined-1", arguments)])
        found = check(Tree((node,), (), tree("| mean classifier").head), SHAPE, both)
        assert (found == []) == legal
