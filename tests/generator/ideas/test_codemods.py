"""Codemods on trees: what they match, what stands in its place, and that shapes fit behind them."""

from __future__ import annotations

from typing import Any

import pytest

from corpus.records.search.ideas import Codemod
from generator.ideas.codemods import EVERYWHERE, outcome, places
from generator.trees.nodes import Path
from generator.trees.shapes import check
from tests.generator.spaces.building import DIGITS
from tests.generator.trees.edits.grounds import GROUND, text, tree

RESIDUAL = (
    "conv(8) batch_norm relu | 3x[residual(conv batch_norm relu conv batch_norm) relu] | mean classifier"
)
PLAIN = "conv(8) relu | conv(8) relu | max_pool conv(16) relu | mean classifier"
GATED = "conv(8) relu | gate(pool conv(/4, kernel=1) relu conv(kernel=1) sigmoid) | mean classifier"


def codemod(match: str = "", becomes: str = "", **rest: Any) -> Codemod:
    return Codemod(match=match, becomes=becomes, shows=("+operators",), **rest)


def changed(before: str, how: Codemod, place: Path = EVERYWHERE) -> str | None:
    """Return the tree that comes of another, None where there is none."""
    found = outcome(how, tree(before), place, GROUND)
    assert found is None or not check(found.tree, DIGITS, GROUND.library)
    return text(found.tree) if found else None


def everywhere(before: str, match: str, becomes: str, **rest: Any) -> str | None:
    return changed(before, codemod(match, becomes, every=True, **rest))


@pytest.mark.parametrize(
    ("match", "becomes", "after"),
    [
        ("relu", "gelu", PLAIN.replace("relu", "gelu")),
        ("activation", "gelu", PLAIN.replace("relu", "gelu")),
        ("conv(16)", "conv(12)", PLAIN.replace("16", "12")),
        ("conv(in)", "conv(out, kernel=5)", PLAIN.replace("| conv(8)", "| conv(8, kernel=5)")),
        ("conv(same)", "conv(out, kernel=5)", PLAIN.replace("| conv(8)", "| conv(8, kernel=5)")),
        ("conv(x2)", "conv(out, kernel=5)", PLAIN.replace("conv(16)", "conv(16, kernel=5)")),
        ("pooling(kernel=2)", "avg_pool", PLAIN.replace("max_pool", "avg_pool")),
        ("max_pool convolution", "_2 _1", PLAIN.replace("max_pool conv(16)", "conv(16) max_pool")),
        ("max_pool conv", "_ dropout _2", PLAIN.replace("conv(16)", "conv(16) dropout conv(16)")),
        ("pooling", "", PLAIN.replace("max_pool ", "")),
        ("reduction", "max", PLAIN.replace("mean", "max")),
    ],
)
def test_rows_of_modules_roles_and_words_match(match: str, becomes: str, after: str) -> None:
    assert everywhere(PLAIN, match, becomes) == text(tree(after))


@pytest.mark.parametrize(
    "match", ["conv(kernel=5)", "conv(x4)", "relu relu", "attention", "gating", "group_norm"]
)
def test_what_is_not_there_has_no_place(match: str) -> None:
    how = codemod(match, "gelu")
    assert places(how, tree(PLAIN), GROUND) == []
    assert changed(PLAIN, how, EVERYWHERE) is None


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ("residual(conv relu)", "shortcut"),
        ("residual(conv; conv(same, kernel=1))", "shortcut"),
        ("cat(conv(4); conv(4))", "concatenation"),
        ("add(conv; conv; identity)", "sum"),
        ("gate(pool(1) conv(same, kernel=1))", "gating"),
        ("2x[conv relu]", "repeated"),
        ("2x[conv relu]", "block"),
        ("residual(conv relu)", "block"),
    ],
)
def test_composites_match_by_their_kind(before: str, kind: str) -> None:
    whole = "conv(8) relu | {} | mean classifier"
    assert everywhere(whole.format(before), kind, "tanh") == whole.format("tanh")


def test_what_has_no_weights_is_no_block() -> None:
    assert everywhere("conv(8) | residual(relu) | mean classifier", "block", "tanh") is None


@pytest.mark.parametrize(
    ("before", "becomes", "after"),
    [
        ("residual(conv relu)", "_first", "conv(8) relu"),
        ("residual(conv relu)", "cat(_first; _rest)", "cat(conv(8) relu; identity)"),
        ("residual(conv; conv(same, kernel=1))", "_rest", "conv(8, kernel=1)"),
        ("residual(conv relu)", "residual(_first tanh; _rest)", "residual(conv relu tanh)"),
        ("residual(conv relu)", "2x[_]", "2x[residual(conv relu)]"),
    ],
)
def test_a_composite_is_taken_apart(before: str, becomes: str, after: str) -> None:
    whole = "conv(8) relu | {} | mean classifier"
    assert everywhere(whole.format(before), "shortcut", becomes) == whole.format(after)


@pytest.mark.parametrize(
    ("match", "before", "becomes", "after"),
    [
        ("repeated", "3x[conv relu]", "_first", "conv(8) relu"),
        ("repeated", "3x[conv relu]", "_ _first", "3x[conv relu] conv(8) relu"),
        ("repeated", "3x[conv relu]", "2x[_]", "6x[conv relu]"),
        ("sum", "add(conv relu; conv; identity)", "_rest", "residual(conv)"),
        ("concatenation", "cat(conv(4); conv(4) relu)", "add(_first; _rest)", "add(conv(4); conv(4) relu)"),
        ("gating", "gate(conv(1) tanh)", "residual(_first)", "residual(conv(1) tanh; ~conv(1, kernel=1))"),
    ],
)  # fmt: skip
def test_so_are_repeats_sums_concatenations_and_gates(
    match: str, before: str, becomes: str, after: str
) -> None:
    whole = "conv(8) relu | {} | mean classifier"
    assert everywhere(whole.format(before), match, becomes) == text(tree(whole.format(after)))


@pytest.mark.parametrize(
    ("word", "width"), [("in", 8), ("out", 16), ("wide", 32), ("narrow", 8), ("slim", 4), ("12", 12)]
)
def test_words_for_widths_mean_what_entered_and_left(word: str, width: int) -> None:
    after = everywhere(PLAIN, "conv(16)", f"conv({word}, kernel=1)")
    assert after == PLAIN.replace(
        "conv(16)", "conv(8, kernel=1)" if width == 8 else f"conv({width}, kernel=1)"
    )


def test_narrow_and_slim_leave_a_few_channels() -> None:
    assert changed("conv(6) | | mean classifier", codemod("conv", "conv(slim, kernel=1)", every=True)) == (
        "conv(4, kernel=1) | mean classifier"
    )


def test_kept_is_what_was_set_and_else_the_default() -> None:
    before = "conv(8, kernel=5, stride=2) | conv(8, dilation=2) | mean classifier"
    how = "conv(out, kernel=kept, stride=kept, dilation=kept) relu"
    assert everywhere(before, "conv", how) == (
        "conv(8, kernel=5, stride=2) relu | conv(8, dilation=2) relu | mean classifier"
    )
    assert everywhere(before, "conv(kernel=5)", "max_pool(kernel=kept, ceil=kept)") == (
        "max_pool(5) | conv(8, dilation=2) | mean classifier"
    )


def test_a_codemod_that_changes_one_place_lists_all_in_the_networks_order() -> None:
    how = codemod("conv activation", "_ tanh")
    found = places(how, tree(PLAIN), GROUND)
    assert found == [("stem", 0), ("stages", 0, 0), ("stages", 1, 1)]
    assert changed(PLAIN, how, found[1]) == PLAIN.replace("| conv(8) relu", "| conv(8) relu tanh")


def test_one_that_changes_all_has_one_place() -> None:
    assert places(codemod("relu", "gelu", every=True), tree(PLAIN), GROUND) == [EVERYWHERE]


def test_within_a_repeat_what_is_repeated_is_changed_once() -> None:
    how = codemod("batch_norm relu", "_2 _1")
    assert places(how, tree(RESIDUAL), GROUND) == [("stem", 1), ("stages", 0, 0, "body", 0, 0, 1)]
    after = changed(RESIDUAL, how, ("stages", 0, 0, "body", 0, 0, 1))
    assert after == RESIDUAL.replace("conv batch_norm relu conv", "conv relu batch_norm conv")


def test_what_is_alone_in_a_repeat_or_a_composite_is_changed_too() -> None:
    before = "conv(8) | 2x[conv] residual(conv) cat(relu; conv(8)) | mean classifier"
    assert everywhere(before, "conv", "conv(out, kernel=5)", part="stages") == (
        "conv(8) | 2x[conv(kernel=5)] residual(conv(kernel=5)) cat(relu; conv(8, kernel=5)) | mean classifier"
    )


def test_what_empties_a_composite_leaves_the_identity() -> None:
    assert everywhere("conv(8) | cat(relu; tanh) | mean classifier", "relu", "") == (
        "conv(8) | cat(identity; tanh) | mean classifier"
    )


def test_places_do_not_overlap_and_none_lies_in_another() -> None:
    before = "conv(8) | relu relu relu residual(residual(conv)) | mean classifier"
    assert places(codemod("relu relu", "tanh"), tree(before), GROUND) == [("stages", 0, 0)]
    assert places(codemod("shortcut", "tanh"), tree(before), GROUND) == [("stages", 0, 3)]


@pytest.mark.parametrize(
    ("part", "tanhs"),
    [
        ("any", "tanh | tanh | max_pool tanh | tanh mean tanh classifier"),
        ("stem", "tanh | relu | max_pool relu | relu mean relu classifier"),
        ("stages", "relu | tanh | max_pool tanh | relu mean relu classifier"),
        ("first stage", "relu | tanh | max_pool relu | relu mean relu classifier"),
        ("last stage", "relu | relu | max_pool tanh | relu mean relu classifier"),
        ("head", "relu | relu | max_pool relu | tanh mean tanh classifier"),
    ],
)
def test_a_part_confines_the_change(part: str, tanhs: str) -> None:
    before = "relu | relu | max_pool relu | relu mean relu classifier"
    assert everywhere(before, "relu", "tanh", part=part) == tanhs


def test_without_a_match_a_whole_part_is_replaced_or_wrapped() -> None:
    stem = codemod(becomes="conv(12, kernel=5) gelu", part="stem")
    assert changed(PLAIN, stem, ("stem",)) == PLAIN.replace("conv(8) relu |", "conv(12, kernel=5) gelu |", 1)
    stages = codemod(becomes="residual(_)", part="stages")
    assert places(stages, tree(RESIDUAL), GROUND) == [("stages", 0)]
    assert changed(PLAIN, stages, ("stages", 0)) == PLAIN.replace("| conv(8) relu", "| residual(conv relu)")


def test_a_part_without_modules_is_as_wide_as_what_flows_through() -> None:
    before = "| conv(8) relu | mean classifier"
    assert changed(before, codemod(becomes="_ conv(wide) tanh", part="stem"), ("stem",)) == (
        "conv(2) tanh | conv(8) relu | mean classifier"
    )


@pytest.mark.parametrize(
    ("part", "after"),
    [
        ("any", PLAIN.replace("8", "16").replace("conv(16) relu | mean", "conv(32) relu | mean")),
        ("last stage", PLAIN.replace("16", "32")),
        ("stem", PLAIN.replace("conv(8)", "conv(16)", 1)),
    ],
)
def test_widths_are_scaled(part: str, after: str) -> None:
    how = codemod(scale=2.0, part=part, every=True)
    assert changed(PLAIN, how) == text(tree(after))


def test_each_part_is_a_place_of_its_own_to_scale() -> None:
    how = codemod(scale=2.0, part="stages")
    assert places(how, tree(PLAIN), GROUND) == [("stages", 0), ("stages", 1)]
    assert changed(PLAIN, how, ("stages", 1)) == PLAIN.replace("16", "32")


def test_shapes_are_mended_behind_it() -> None:
    after = everywhere(RESIDUAL, "conv conv", "tanh") or everywhere(
        RESIDUAL, "batch_norm relu conv", "conv(12)", part="stages"
    )
    assert after is not None and "~conv" in after


def test_an_adaptor_is_never_matched_and_goes_where_it_is_not_needed() -> None:
    before = "conv(8) | residual(conv(12) ~conv(8, kernel=1)) | mean classifier"
    assert everywhere(before, "conv(kernel=1)", "conv(out, kernel=5)") is None
    assert everywhere(before, "conv(12)", "conv(8)") == "conv(8) | residual(conv) | mean classifier"


def test_the_sigmoid_of_a_gate_is_no_activation_but_has_a_name() -> None:
    assert everywhere(GATED, "activation", "gelu") == GATED.replace("relu", "gelu")
    assert everywhere(GATED, "sigmoid", "hardsigmoid") == GATED.replace("sigmoid", "hardsigmoid")
    alone = "conv(8) relu | gate(sigmoid) | mean classifier"
    assert everywhere(alone, "activation", "gelu") == alone.replace("relu", "gelu")


@pytest.mark.parametrize(
    ("match", "becomes"),
    [
        ("relu", "relu"),
        ("relu", "_"),
        ("relu", "_ dropout(0.5)"),
        ("classifier", ""),
        ("mean", ""),
        ("max_pool", "upsample"),
        ("conv(16)", "conv(4000)"),
        ("conv", "conv(out, width=9)"),
        ("conv", "conv(out, kernel=0)"),
    ],
)
def test_what_leaves_the_network_as_it_is_or_cannot_be_leads_nowhere(match: str, becomes: str) -> None:
    how = codemod(match, becomes, every=True)
    assert changed(PLAIN, how) is None
    assert places(how, tree(PLAIN), GROUND) == []


def test_a_place_that_is_none_leads_nowhere() -> None:
    assert changed(PLAIN, codemod("relu", "gelu"), ("stages", 7, 0)) is None


def test_it_can_be_carried_out_again_on_what_came_of_it() -> None:
    found, how = RESIDUAL, codemod("shortcut", "residual(_first batch_norm; _rest)", every=True)
    for count in (4, 5, 6):
        found = changed(found, how) or ""
        assert found.count("batch_norm") == count
