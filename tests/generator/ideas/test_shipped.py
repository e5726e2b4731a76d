"""The ideas that come with the package: how many, of what, and that codemods do to networks what they say."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pytest

from corpus.programs.structure import structure_of
from corpus.records.search.ideas import Codemod, Idea
from corpus.records.search.probes import Probe
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.ideas.codemods import outcome, places
from generator.ideas.pool import DATA, shipped
from generator.ideas.sights import unshown
from generator.trees.edits.ground import Ground
from generator.trees.nodes import Tree
from generator.trees.primitives import primitives
from generator.trees.rendering import render
from generator.trees.starts import STARTS, starts
from tests.generator.spaces.building import SHAPES

SHAPE = SHAPES[2]
CAP = 500_000
GROUND = Ground(primitives(), SHAPE, CAP)
POOL = shipped()
CODEMODS: Mapping[Codemod, Idea] = {
    idea.codemod: idea for idea in POOL.ideas.values() if idea.codemod is not None
}
"""Each distinct codemod once, with an idea that has it."""


class Done(NamedTuple):
    """A codemod carried out."""

    family: str
    child: Tree


@pytest.fixture(scope="module")
def families() -> dict[str, Tree]:
    return starts(SHAPE, GROUND.library, max_parameters=CAP)


@pytest.fixture(scope="module")
def done(families: dict[str, Tree]) -> dict[Codemod, Done]:
    """Each codemod in its first place on the first family where it is possible, the cheapest family first."""
    found: dict[Codemod, Done] = {}
    for family in ("vgg", "squeezenet", "densenet", "mobilenet", "resnet"):
        for codemod in [each for each in CODEMODS if each not in found]:
            where = places(codemod, families[family], GROUND)
            after = outcome(codemod, families[family], where[0], GROUND) if where else None
            if after is not None:
                found[codemod] = Done(family, after.tree)
    return found


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxedEvaluator]:
    place = tmp_path_factory.mktemp("mnist") / "data.npz"
    images, labels = np.zeros((60, 28, 28), np.uint8), np.arange(60) % 10
    np.savez(place, x_train=images, y_train=labels, x_test=images, y_test=labels)
    config = EvaluatorConfig(task="mnist", data_path=place, max_parameters=CAP, workers=2)
    with SandboxedEvaluator(config) as opened:
        yield opened


def test_the_template_has_the_papers_size_and_says_what_is_ours() -> None:
    leaves = list(POOL.template.values())
    assert len(leaves) == 55
    assert len(POOL.categories) == 15
    assert list(dict.fromkeys(path.partition("/")[0] for path in POOL.template)) == [
        "operator",
        "block",
        "network",
    ]
    assert {leaf.path.rpartition("/")[0] for leaf in leaves if leaf.origin == "paper"} == {
        "operator/feature-extraction",
        "operator/normalisation",
        "operator/activation",
        "block/input-encoding",
        "block/residual-and-multi-branch",
        "block/feature-fusion",
        "block/adaptive-recalibration",
    }
    origins = {leaf.path.rpartition("/")[0]: leaf.origin for leaf in leaves}
    assert all(leaf.origin == origins[leaf.path.rpartition("/")[0]] for leaf in leaves)


def test_a_mark_belongs_to_one_sub_category() -> None:
    counts = Counter(mark for leaf in POOL.template.values() for mark in leaf.marks)
    assert counts.total() > 60
    assert [mark for mark, count in counts.items() if count > 1] == []


def test_every_sub_category_has_ideas_and_most_ideas_have_a_codemod() -> None:
    assert len(POOL.ideas) >= 130
    assert len(CODEMODS) >= 90
    assert list(POOL.by_path) == list(POOL.template)
    assert min(map(len, POOL.by_path.values())) >= 2


def test_what_is_opposite_is_so_both_ways() -> None:
    opposites = {idea.id: idea.opposite for idea in POOL.ideas.values() if idea.opposite is not None}
    assert len(opposites) >= 40
    assert all(opposites.get(other) == name != other for name, other in opposites.items())


def test_statements_are_sentences_of_their_own_and_sources_have_a_year() -> None:
    statements = [idea.statement for idea in POOL.ideas.values()]
    assert len(set(statements)) == len(statements)
    assert all(text.endswith(".") and "  " not in text and len(text) <= 200 for text in statements)
    titles = [source.title for idea in POOL.ideas.values() for source in idea.sources]
    assert all(any(part[:4].isdigit() for part in title.split()) and ", " in title for title in titles)


def test_each_file_holds_its_level() -> None:
    for level in ("operator", "block", "network"):
        held = tomllib.loads((DATA / f"{level}.toml").read_text("utf-8"))["ideas"]
        assert {idea["path"].partition("/")[0] for idea in held} == {level}


def test_every_codemod_is_possible_on_a_starting_tree(
    families: dict[str, Tree], done: dict[Codemod, Done]
) -> None:
    assert set(families) == set(STARTS)
    assert [idea.id for codemod, idea in CODEMODS.items() if codemod not in done] == []


def test_in_the_sandbox_every_codemod_passes_and_shows_what_it_says(
    families: dict[str, Tree], done: dict[Codemod, Done], evaluator: SandboxedEvaluator
) -> None:
    names = list(families)
    trees = [*families.values(), *(each.child for each in done.values())]
    probes = evaluator.probe([render(tree, SHAPE, GROUND.library) for tree in trees])
    before: Mapping[str, Probe] = dict(zip(names, probes, strict=False))
    for (codemod, carried), after in zip(done.items(), probes[len(names) :], strict=True):
        name, parent = CODEMODS[codemod].id, before[carried.family]
        assert after.passed, (name, after.error)
        assert parent.graph is not None and after.graph is not None
        assert structure_of(parent.graph).exact != structure_of(after.graph).exact, name
        assert unshown(codemod, parent, after) is None, (name, carried.family)
