"""Blocks of other people's code in prompts: which are shown, and that nothing else of a strategy changes."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from corpus.config import CorpusConfig
from corpus.records.prompts import Prompt
from corpus.records.search.proposals import DecidedBy, Proposal
from cycles.parts import likeness
from generator.strategies.choices import By
from generator.strategies.closed_loop import ClosedLoop
from generator.strategies.random_search import RandomSearch
from generator.strategies.retrieving import LONGEST, Block, Retrieving, diverse, similar
from generator.trees.primitives import PRIMITIVES
from generator.trees.specs import Library, ModuleSpec
from tests.generator.strategies.benches import PlainBench

KINDS = ("Conv2d", "Linear", "BatchNorm2d", "GELU")


def text(kind: str, number: int) -> str:
    """Return a class of few lines; classes of one kind are alike."""
    lines = "\n".join(f"        self.part{place} = nn.{kind}({place + number})" for place in range(6))
    return f"import torch.nn as nn\n\n\nclass {kind}{number}(nn.Module):\n    def __init__(self):\n{lines}\n"


def spec(name: str, source: str) -> ModuleSpec:
    some = PRIMITIVES[0]
    return ModuleSpec(
        name=name, role="block", infer=some.infer, write=some.write, text=source, primitive=False
    )


LIBRARY = Library(
    [
        *PRIMITIVES,
        *(spec(f"{kind}{number}", text(kind, number)) for kind in KINDS for number in range(5)),
        spec("Long", "x = 1\n" * LONGEST),
    ]
)
ALIKE = likeness(CorpusConfig())
BLOCKS = Retrieving(ClosedLoop(), LIBRARY, 3, "chance", ALIKE).blocks


def shown(by: By, count: int = 3) -> list[list[str]]:
    """Return which blocks the prompts of a cycle show, after a best program full of convolutions."""
    bench = PlainBench(candidates=40, template="instruct")
    search = Retrieving(ClosedLoop(), LIBRARY, count, by, ALIKE).search(bench)
    asked = next(search)
    trials = bench.judge(asked, [0.5] + [None] * 39)
    best = trials[0].candidate.model_copy(update={"source": text("Conv2d", 9)})
    trials[0] = trials[0]._replace(candidate=best)
    return [names(each) for each in search.send(trials)]


def names(proposal: Proposal) -> list[str]:
    assert isinstance(proposal.program, Prompt)
    content = proposal.program.messages[-1].content
    return [name for name in LIBRARY if f"\n\n{name}:\n```python\n" in content]


def test_only_texts_that_fit_are_blocks() -> None:
    assert {block.name for block in BLOCKS} == {f"{kind}{number}" for kind in KINDS for number in range(5)}


def test_similar_blocks_are_of_the_best_programs_kind() -> None:
    prompts = shown("similarity")
    kinds = Counter(name[:-1] for prompt in prompts for name in prompt)
    assert kinds["Conv2d"] == max(kinds.values()) and kinds["Conv2d"] > sum(kinds.values()) / 3
    assert len({tuple(prompt) for prompt in prompts}) > 1
    assert {each.name[:-1] for each in similar(BLOCKS, text("Linear", 9), 5, ALIKE)} == {"Linear"}


def test_diverse_blocks_are_of_different_kinds() -> None:
    for seed in range(5):
        taken = diverse(BLOCKS, len(KINDS), random.Random(seed), ALIKE)
        assert len({each.name[:-1] for each in taken}) == len(KINDS)
    assert not diverse([], 3, random.Random(0), ALIKE)


def test_a_block_that_is_unlike_all_others_does_not_stand_in_every_prompt() -> None:
    outlier = Block("Outlier", "def outlier(): ...\n")
    prompts = [diverse([*BLOCKS, outlier], 2, random.Random(seed), ALIKE) for seed in range(60)]
    assert 0 < sum(outlier in prompt for prompt in prompts) < 30


@pytest.mark.parametrize("by", ["similarity", "diversity", "chance"])
def test_a_prompt_shows_so_many_different_ones_and_the_same_again(by: By) -> None:
    assert all(len(set(prompt)) == 3 for prompt in shown(by))
    assert shown(by) == shown(by)
    assert all(len(prompt) == len(BLOCKS) for prompt in shown(by, count=100)[:2])


def test_who_chose_is_noted_and_texts_are_left_alone() -> None:
    bench = PlainBench(candidates=2, template="instruct")
    (first, _) = next(Retrieving(ClosedLoop(), LIBRARY, 2, "similarity", ALIKE).search(bench))
    assert first.decisions[-1].what == "blocks" and first.decisions[-1].by is DecidedBy.CHANCE
    inner = RandomSearch.__new__(RandomSearch)
    assert Retrieving(inner, LIBRARY, 2, "chance", ALIKE).name == inner.name
