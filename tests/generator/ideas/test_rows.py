"""The rows of codemods: what can be read of them, and what cannot is a `CodemodError`."""

from __future__ import annotations

import pytest

from corpus.records.search.ideas import Codemod
from generator.ideas.codemods import CodemodError, outcome, places
from generator.ideas.rows import read_rows
from tests.generator.trees.edits.grounds import GROUND, tree

TREE = tree("conv(8) relu | residual(conv) | mean classifier")


def codemod(match: str, becomes: str) -> Codemod:
    return Codemod(match=match, becomes=becomes, shows=("+operators",))


@pytest.mark.parametrize(
    ("match", "becomes", "said"),
    [
        ("conv(", "relu", "is no row of modules"),
        ("relu", "conv(8", "is no row of modules"),
        ("relu | relu", "relu", "is no row of modules"),
        ("relu", "a" * 900 + " £", "is no row of modules"),
        ("convolve", "relu", "no module, role or kind 'convolve'"),
        ("relu", "gelou", "no module 'gelou'"),
        ("relu", "activation", "no module 'activation'"),
        ("relu", "shortcut", "no module 'shortcut'"),
        ("conv(colour=3)", "relu", "'conv' has no argument 'colour'"),
        ("activation(kernel=3)", "relu", "'activation' has no argument 'kernel'"),
        ("shortcut(kernel=3)", "relu", "'shortcut' has no argument 'kernel'"),
        ("relu", "depthwise(width=3)", "'depthwise' has no argument 'width'"),
        ("relu", "residual(2x[conv(colour=3)])", "'conv' has no argument 'colour'"),
        ("residual(conv)", "relu", "modules, roles and kinds alone"),
        ("2x[conv]", "relu", "modules, roles and kinds alone"),
        ("~conv", "relu", "leave ~ out"),
        ("relu", "conv ~conv", "leave ~ out"),
        ("relu", "_2", "'_2' in '_2' stands for nothing"),
        ("relu", "_first", "stands for nothing"),
        ("block", "_rest", "stands for nothing"),
        ("shortcut relu", "_first", "stands for nothing"),
        ("", "residual(_1)", "stands for nothing"),
        ("relu", "_(kernel=3)", "stands for nothing"),
    ],
)
def test_a_row_that_cannot_be_read_is_an_error(match: str, becomes: str, said: str) -> None:
    how = codemod(match, becomes)
    for carry_out in (lambda: places(how, TREE, GROUND), lambda: outcome(how, TREE, (), GROUND)):
        with pytest.raises(CodemodError) as raised:
            carry_out()
        assert said in str(raised.value)


@pytest.mark.parametrize(
    ("match", "becomes"),
    [
        ("conv(kernel=3, stride=2) normalisation activation", "_1 _3 _2"),
        ("pooling(stride=2)", "cat(_; conv(narrow, stride=2, kernel=kept))"),
        ("concatenation", "add(_first; 2x[_rest])"),
        ("conv(in)", "gate(pool(1, by=max) conv(slim, kernel=1, bias=true) sigmoid)"),
        ("block", ""),
        ("", "_ max_pool"),
    ],
)
def test_rows_of_all_kinds_can_be_read(match: str, becomes: str) -> None:
    read_rows(codemod(match, becomes), GROUND.library)
