"""The operations, one by one: what they offer, what they leave out, and what comes of it."""

from __future__ import annotations

import random

import pytest

from generator.trees.edits.contract import EditError
from generator.trees.edits.ground import Ground
from generator.trees.nodes import Path, Tree
from generator.trees.primitives import primitives
from tests.generator.spaces.building import DIGITS
from tests.generator.trees.edits.grounds import GROUND, OPERATIONS, edited, option, text, tree

NET = (
    "conv(8) batch_norm relu | 2x[residual(conv batch_norm relu)] | max_pool conv(16) relu | mean classifier"
)
FIRST: Path = ("stem", 0)
BLOCK: Path = ("stages", 0, 0)
BEHIND: Path = ("stages", 1, 1)


SEPARABLE = "depthwise batch_norm relu conv(8, kernel=1) batch_norm relu"
SQUEEZED = "conv(16) gate(pool conv(/4, kernel=1) relu conv(kernel=1) sigmoid)"
ONCE = "residual(conv batch_norm relu)"
SHORTENED = "residual(conv(x2) relu; ~conv(x2, kernel=1))"


@pytest.mark.parametrize(
    ("name", "path", "what", "how", "old", "new"),
    [
        ("change", FIRST, "kernel", "5", "conv(8)", "conv(8, kernel=5)"),
        ("change", FIRST, "width", "16", "conv(8)", "conv(16)"),
        ("change", ("stages", 1, 0), "kernel", "3", "max_pool", "max_pool(3)"),
        ("swap", ("stem", 2), "gelu", "", "relu | 2x", "gelu | 2x"),
        ("swap", ("stages", 1, 0), "avg_pool", "", "max_pool", "avg_pool"),
        ("swap", ("head", 0), "max", "", "mean", "max"),
        ("swap", BEHIND, "depthwise", "", "conv(16)", "depthwise"),
        ("insert", ("stages", 1, "end"), "layer_norm", "", "relu | mean", "relu layer_norm | mean"),
        ("insert", ("head", 1), "linear", "width=32", "mean", "mean linear(32)"),
        ("insert", BEHIND, "separable block", "width=8", "max_pool", "max_pool " + SEPARABLE),
        ("delete", ("stem", 1), "all of it", "", "batch_norm relu | 2x", "relu | 2x"),
        ("delete", (*BLOCK, "body"), "its shortcut", "", ONCE, "conv batch_norm relu"),
        ("wrap", BEHIND, "residual", "2 nodes", "conv(16) relu", SHORTENED),
        (
            "wrap",
            BEHIND,
            "branches",
            "1 node, cat max_pool",
            "conv(16)",
            "cat(conv(16); max_pool(3, stride=1))",
        ),
        ("wrap", BEHIND, "gate", "channels /4", "conv(16)", SQUEEZED),
        ("repeat", BLOCK, "times", "4", "2x", "4x"),
        ("repeat", BLOCK, "times", "1", f"2x[{ONCE}]", ONCE),
        ("widen", ("stem",), "it alone", "x2", "conv(8)", "conv(16)"),
        ("narrow", ("stages", 1), "it alone", "x0.5", "conv(16)", "conv(8)"),
    ],
)
def test_an_edit_leads_where_it_says(name: str, path: Path, what: str, how: str, old: str, new: str) -> None:
    assert edited(name, NET, path, what, how) == NET.replace(old, new)


def whats(name: str, path: Path, found: Tree | None = None) -> dict[str, list[str]]:
    """Return what an operation offers at a place."""
    offered: dict[str, list[str]] = {}
    for each in OPERATIONS[name].options(found or tree(NET), path):
        offered.setdefault(each.what, []).append(each.how)
    return offered


def test_a_swap_stays_within_the_role() -> None:
    roles = {GROUND.library[what].role for what in whats("swap", ("stem", 1))}
    assert roles == {"normalisation"} and "batch_norm" not in whats("swap", ("stem", 1))


def test_a_block_is_swapped_for_a_block() -> None:
    assert {"inverted block", "plain block"} <= whats("swap", (*BLOCK, "body")).keys()


def test_activations_are_not_put_beside_activations_nor_norms_beside_norms() -> None:
    behind_norm = whats("insert", ("stem", 2))
    roles = {GROUND.library[what].role for what in behind_norm if what in GROUND.library}
    assert "convolution" in roles and not roles & {"activation", "normalisation"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_leaves_no_trace_at_evaluation_is_no_edit(name: str) -> None:
    found = tree("conv(8) dropout(0.3) relu | conv(16) | max dropout linear(8) classifier")
    for path in OPERATIONS[name].sites(found):
        after = [OPERATIONS[name].apply(found, path, each) for each in OPERATIONS[name].options(found, path)]
        assert all(GROUND.facts(each).seen != GROUND.facts(found).seen for each in after)
        assert not {"dropout", "identity"} & set(OPERATIONS[name].subjects(found, path))
    dropouts = {("stem", 1), ("head", 1)}
    assert name == "insert" or not dropouts & set(OPERATIONS[name].sites(found))


def test_adaptors_are_no_places_of_edits_and_go_when_they_are_not_needed() -> None:
    found = tree("conv(8) | residual(conv(16) relu; ~conv(16, kernel=1)) | mean classifier")
    shortcut = ("stages", 0, 0, 1)
    assert all(shortcut not in OPERATIONS[name].sites(found) for name in ("change", "swap", "delete", "wrap"))
    path = ("stages", 0, 0, 0, 0)
    narrower = OPERATIONS["change"].apply(found, path, option("change", found, path, "width", "8"))
    assert text(narrower) == "conv(8) | residual(conv relu) | mean classifier"


def test_a_stage_is_widened_with_what_follows() -> None:
    """In a stage's first block words become other words; what is repeated follows of itself."""
    found = (
        "conv(8) relu | residual(conv(x2, stride=2) relu conv(x2); conv(x2, kernel=1, stride=2)) "
        "2x[residual(conv gate(pool conv(/4, kernel=1) relu conv(kernel=1) sigmoid))] | mean classifier"
    )
    after = edited("widen", found, ("stages", 0), "it alone", "x2")
    assert after == found.replace("x2", "x4")


def test_what_is_too_large_is_not_offered() -> None:
    found, small = tree(NET), Ground(primitives(), DIGITS, 3_500)
    change = OPERATIONS["change"]
    assert GROUND.facts(found).layout.parameters == 2_594
    assert [each.how for each in change.options(found, BEHIND, "width")] == ["8", "12", "24", "32"]
    assert [each.how for each in type(change)(small).options(found, BEHIND, "width")] == ["8", "12", "24"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_lists_agree_and_have_a_fixed_order(name: str) -> None:
    operation, found = OPERATIONS[name], tree(NET)
    sites = operation.sites(found)
    assert sites == operation.sites(found) and len(set(sites)) == len(sites) > 0
    assert len({operation.place(found, path) for path in sites}) == len(sites)
    for path in sites:
        offered = whats(name, path)
        assert operation.subjects(found, path) == list(offered)
        assert all(len(set(hows)) == len(hows) for hows in offered.values())


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_drawn_is_what_is_offered(name: str) -> None:
    operation, found, rng = OPERATIONS[name], tree(NET), random.Random(0)
    offered = {
        operation.apply(found, path, each)
        for path in operation.sites(found)
        for each in operation.options(found, path)
    }
    assert {operation.draw(found, rng) for _ in range(40)} <= offered


def test_an_option_that_is_not_legal_is_a_mistake() -> None:
    found = tree(NET)
    operation = OPERATIONS["insert"]
    option = next(each for each in operation.drafts(found, FIRST) if (each.what, each.how) == ("pool", ""))
    with pytest.raises(EditError, match=r"insert at stem, 1: conv\(8\): pool  is no edit"):
        operation.apply(tree("conv(8) batch_norm relu | mean classifier"), FIRST, option)
