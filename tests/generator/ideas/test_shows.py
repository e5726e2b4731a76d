"""What recorded graphs must show behind a codemod."""

from __future__ import annotations

import pytest

from corpus.records.search.ideas import Codemod
from generator.ideas.sights import unshown
from tests.generator.trees.edits.grounds import probed, tree

BEFORE = "conv(8) batch_norm relu | residual(conv relu conv) | mean classifier"


def missing(after: str, *shows: str) -> str | None:
    how = Codemod(match="conv", becomes="_", shows=shows)
    return unshown(how, probed(tree(BEFORE)), probed(tree(after)))


@pytest.mark.parametrize(
    ("after", "shown", "not_shown"),
    [
        (BEFORE.replace("relu", "gelu"), ("+gelu", "-relu"), "-gelu"),
        (BEFORE.replace("conv(8)", "conv(8, kernel=5)"), ("+parameters",), "+convolution"),
        (BEFORE.replace("residual", "gate"), ("+mul", "-add"), "+operators"),
        (BEFORE.replace("batch_norm ", ""), ("-operators", "-parameters"), "-convolution"),
        (BEFORE.replace("(conv relu", "(conv(dilation=2) relu"), ("+convolution.dilation",), "+convolution"),
        (BEFORE.replace("(conv relu", "(depthwise relu"), ("+convolution.groups",), "+convolution.dilation"),
        (
            BEFORE.replace("batch_norm relu", "relu batch_norm"),
            ("+relu>batch_norm", "-convolution>batch_norm"),
            "+relu>convolution",
        ),
    ],
)
def test_more_and_fewer_are_told_apart(after: str, shown: tuple[str, ...], not_shown: str) -> None:
    assert missing(after, *shown) is None
    assert f"does not show {not_shown} (" in (missing(after, *shown, not_shown) or "")


def test_what_stays_alike_is_not_shown() -> None:
    assert "does not show +relu (2 before, 2 behind)" in (missing(BEFORE, "+relu") or "")
    assert missing(BEFORE, "-relu") is not None


def test_what_was_not_recorded_shows_nothing() -> None:
    passed = probed(tree(BEFORE))
    lost = passed.model_copy(update={"graph": None})
    said = [
        unshown(Codemod(match="conv", becomes="_", shows=(sight,)), passed, lost)
        for sight in ("+relu", "+operators", "+flops")
    ]
    assert said == [f"no {what} of parent or child was recorded" for what in ("graph", "graph", "flops")]


@pytest.mark.parametrize("sight", ["gelu", "+GELU", "+", "+a>b>c", "+a b", "+a.", "*relu"])
def test_a_sight_is_a_sign_and_a_name(sight: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        Codemod(match="conv", becomes="_", shows=(sight,))
