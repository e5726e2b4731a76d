"""The parts of FairNAD: the budget, the structure check, what ideas were worth, who is fit, what is told."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from corpus.objectives import fittest, named_objectives
from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import Proposal
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.ideas.told import Told, read_told
from generator.spaces.trees import TreeSpace
from generator.strategies.fairnad.budget import Budget, repeats, smaller
from generator.strategies.fairnad.carrying import edited, outcomes
from generator.strategies.fairnad.population import Member, Population
from generator.strategies.fairnad.reading import Mistake, read
from generator.strategies.fairnad.refining import Experience, opposite, similar
from generator.strategies.fairnad.settings import Settings
from generator.strategies.fairnad.structure import (
    Structures,
    anything,
    deeper,
    larger,
    layers_of,
    meant_by,
    weight_layers,
)  # fmt: skip
from generator.trees.nodes import Tree
from tests.generator.strategies.benches import trial
from tests.generator.strategies.fairnad.building import CAP, FULL, POOL, SHAPE, SMALL, tree

LOOSE = TreeSpace(SHAPE, max_parameters=16 * CAP)
TALL = (
    "conv(16) batch_norm relu 4x[conv batch_norm relu] | conv(20, stride=2) batch_norm relu | mean classifier"
)


def loose(text: str) -> Tree:
    found = LOOSE.decode(text)
    assert found is not None
    return found


def count(found: Tree | None) -> int:
    assert found is not None
    return LOOSE.parameters(found) or 0


def test_a_network_is_made_narrower_in_all_its_parts() -> None:
    wide = loose(FULL.replace("16", "32").replace("20", "40"))
    less = smaller(wide, count(wide) / CAP, LOOSE.ground)
    assert less is not None and 0.5 * CAP < count(less) <= CAP
    assert "conv(16)" in LOOSE.encode(less) and "conv(20, " in LOOSE.encode(less)


def test_a_narrow_network_is_made_shallower_and_in_the_end_nothing_is_left_to_take() -> None:
    narrow = loose("conv(4) batch_norm relu 6x[conv batch_norm relu] | mean classifier")
    less = smaller(narrow, 2.0, LOOSE.ground)
    assert less is not None and "3x[conv" in LOOSE.encode(less) and "conv(4)" in LOOSE.encode(less)
    assert repeats(narrow) and not repeats(loose(SMALL))
    assert smaller(loose("conv(4) batch_norm relu conv(4) relu | mean classifier"), 2.0, LOOSE.ground) is None


def test_shallower_comes_first_where_it_is_wanted() -> None:
    less = smaller(loose(TALL), 1.5, LOOSE.ground, "shallower")
    assert less is not None and "conv(16)" in LOOSE.encode(less) and "2x[" in LOOSE.encode(less)
    assert "4x[" in LOOSE.encode(smaller(loose(TALL), 1.5, LOOSE.ground) or less)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_smaller_has_fewer_parameters_and_is_legal(seed: int) -> None:
    rng = random.Random(seed)
    point = LOOSE.sample(rng)
    less = smaller(point, 1.0 + rng.random(), LOOSE.ground)
    assert less is None or (count(less) < count(point) and LOOSE.legal(less))


def test_the_budget_is_what_its_closest_cap_leaves() -> None:
    budget = Budget(1_000, 500)
    assert (
        budget.share(900, 600) == 1.2 and budget.share(None, 250) == 0.5 and budget.share(2_000, None) == 2.0
    )
    assert Budget(1_000).share(None, 600) == 0.0


def test_the_parameters_of_what_the_sandbox_refuses_are_in_its_message(sandbox: SandboxedEvaluator) -> None:
    wide = loose(FULL.replace("16", "32"))
    (probe,) = sandbox.probe([LOOSE.render(wide)])
    assert probe.failure is EvaluationStatus.CONTRACT_ERROR and probe.parameters is None
    assert Budget(CAP).needed(probe) == count(wide) / CAP
    lied = probe.model_copy(update={"error": "9" * 400 + " trainable parameters, the cap is 1"})
    assert Budget(CAP).needed(lied) == 0.0


def probes(sandbox: SandboxedEvaluator, *texts: str) -> list[Probe]:
    return sandbox.probe([LOOSE.render(loose(text)) for text in texts])


def flaw(sandbox: SandboxedEvaluator, idea: str, child: str, *, downscaled: bool = False) -> str | None:
    before, after = probes(sandbox, SMALL, child)
    known = Structures(3, LOOSE.ground)
    known.know(before)
    meant = meant_by(POOL.ideas[idea].codemod)
    return known.flaw(loose(child), before, after, meant, downscaled=downscaled)


def test_the_structure_check_lets_through_what_was_meant_once(sandbox: SandboxedEvaluator) -> None:
    child = SMALL.replace("relu", "gelu")
    assert flaw(sandbox, "gelu-everywhere", child) is None
    known, (before, after) = Structures(3, LOOSE.ground), probes(sandbox, SMALL, child)
    assert known.flaw(loose(child), before, after, anything, downscaled=False) is None
    assert "tried" in (known.flaw(loose(child), before, after, anything, downscaled=False) or "")


def test_it_refuses_what_changes_nothing_or_something_else(sandbox: SandboxedEvaluator) -> None:
    assert "its graph is that of its parent" in (flaw(sandbox, "gelu-everywhere", SMALL) or "")
    assert "does not show +gelu" in (flaw(sandbox, "gelu-everywhere", SMALL.replace("relu", "silu")) or "")
    assert "does not show -batch_norm" in (flaw(sandbox, "group-norm", SMALL.replace("relu", "silu")) or "")


def test_it_refuses_what_has_too_few_layers(sandbox: SandboxedEvaluator) -> None:
    shallow = "conv(8) batch_norm gelu | mean classifier"
    assert flaw(sandbox, "gelu-everywhere", shallow) == "it has 2 layers with weights, and 3 are the fewest"
    graphs = [probe.graph for probe in probes(sandbox, SMALL, TALL)]
    assert [layers_of(graph) for graph in graphs if graph] == [3]  # the other is beyond the cap
    assert weight_layers(loose(SMALL), LOOSE.ground) == 3 and weight_layers(loose(TALL), LOOSE.ground) == 7


def test_what_had_to_be_made_smaller_need_not_be_larger_but_all_else(sandbox: SandboxedEvaluator) -> None:
    slim = SMALL.replace("12", "8")
    assert "does not show +parameters" in (flaw(sandbox, "three-halves", slim) or "")
    assert flaw(sandbox, "three-halves", slim, downscaled=True) is None
    assert "does not show +gelu" in (flaw(sandbox, "gelu-everywhere", slim, downscaled=True) or "")


def test_where_no_graph_is_recorded_the_trees_difference_must_do() -> None:
    blind = Probe(failure=None, stage=Stage.DONE, parameters=9, output_shape=(1, 10))
    known = Structures(3, LOOSE.ground)
    assert known.flaw(loose(SMALL), blind, blind, deeper, downscaled=False) is None
    two = loose("conv(8) relu | mean classifier")
    assert "2 layers" in (known.flaw(two, blind, blind, deeper, downscaled=False) or "")


def test_an_edit_that_scales_up_shows_more(sandbox: SandboxedEvaluator) -> None:
    small, full = probes(sandbox, SMALL, FULL)
    assert larger(small, full, False) is None and larger(full, small, False) is not None
    assert larger(full, small, True) is None and deeper(small, full, True) is not None


def test_places_of_a_codemod_are_drawn_new_and_named() -> None:
    codemod = POOL.ideas["silu-once"].codemod
    assert codemod is not None
    both = outcomes(codemod, tree(SMALL), LOOSE, lambda _: True, random.Random(0), 8)
    assert list(both) == ["stem, 3: relu", "stage 1, 3: relu"]
    assert len(outcomes(codemod, tree(SMALL), LOOSE, lambda _: True, random.Random(0), 1)) == 1
    first = both["stem, 3: relu"]
    left = outcomes(codemod, tree(SMALL), LOOSE, lambda found: found != first, random.Random(0), 8)
    assert list(left) == ["stage 1, 3: relu"]
    unread = codemod.model_copy(update={"match": "no(such"})
    assert outcomes(unread, tree(SMALL), LOOSE, lambda _: True, random.Random(0), 8) == {}


def test_an_edit_that_repeats_makes_deeper_alone() -> None:
    rng = random.Random(0)
    for _ in range(20):
        found = edited(loose(TALL), "repeat", LOOSE, lambda _: True, rng)
        assert found is not None and weight_layers(found, LOOSE.ground) > 7
    assert edited(loose(TALL), "change", LOOSE, lambda _: False, rng) is None


def test_a_line_is_found_in_what_chat_models_put_around_it() -> None:
    found = read(f"Sure!\n\n```text\n- `{SMALL}`\n```\nIt is better.", LOOSE.ground)
    assert found == tree(SMALL)
    assert isinstance(read("conv(8) | " * 20_000, LOOSE.ground), Mistake)


def test_a_network_whose_shapes_do_not_fit_is_mended_where_it_can_be() -> None:
    found = read("conv(8) relu residual(conv(12) relu) conv(8) relu | mean classifier", LOOSE.ground)
    assert isinstance(found, Tree) and "~conv" in LOOSE.encode(found)


@pytest.mark.parametrize(
    "row",
    [
        "relu " * 3_900,
        "conv(9) " * 2_400,
        "residual(conv(9)) " * 1_100,
        "gate(conv(3)) " * 1_300,
        "|" * 19_000,
    ],
)
def test_a_hard_answer_is_read_within_a_second(row: str) -> None:
    started = time.process_time()
    found = read(f"conv(8) {row}| mean classifier", LOOSE.ground)
    assert isinstance(found, Mistake) or len(found.stages) == 0
    assert time.process_time() - started < 1.0


def test_the_best_ideas_gained_most_on_average() -> None:
    known = Experience()
    for idea, gain in [("a", 0.3), ("a", -0.5), ("b", 0.1), ("c", -0.4), ("d", 0.1)]:
        known.gained(idea, gain)
    assert known.best(3) == ["b", "d", "a"] and Experience().best(3) == []


def test_only_the_last_few_attempts_are_fed_back() -> None:
    known = Experience()
    for number in range(9):
        known.attempted("idea", "elsewhere", f"accuracy +0.{number}")
    assert known.feedback("idea", "here") == [f"idea on another: accuracy +0.{n}" for n in range(5, 9)]
    assert known.feedback("other", "here") == []


def test_similar_is_of_the_same_sub_category_else_of_the_category() -> None:
    rng = random.Random(0)
    near = {each.id for _ in range(20) for each in similar(POOL, POOL.ideas["gelu-everywhere"], rng, 2)}
    assert near == {"silu-once", "mish-once", "elu-once", "softplus-once", "tanh-once"}
    wider = {each.category for each in similar(POOL, POOL.ideas["leaky-everywhere"], rng, 8)}
    assert wider == {"operator/activation"}
    assert similar(POOL, POOL.ideas["excite"], rng, 8) == []


def test_opposite_is_what_is_named_so_else_what_shares_the_fewest_words() -> None:
    assert [each.id for each in opposite(POOL, POOL.ideas["three-halves"], 8)] == ["slimmer"]
    assert opposite(POOL, POOL.ideas["gelu-everywhere"], 8)[0].id == "leaky-everywhere"
    assert opposite(POOL, POOL.ideas["elu-once"], 1)[0].id == "leaky-everywhere"
    assert opposite(POOL, POOL.ideas["group-norm"], 8) == []


def member(number: int, accuracy: float | None, parameters: int) -> Member:
    told = trial(number, Proposal(program="# p"), accuracy)
    evaluation = told.evaluation.model_copy(update={"parameters": parameters, "flops": parameters})
    probe = Probe(failure=None, stage=Stage.DONE, parameters=parameters, output_shape=(1, 10))
    return Member(tree(SMALL), told._replace(evaluation=evaluation), probe)


def test_parents_are_drawn_from_the_fittest_and_fitter_ones_more_often() -> None:
    settings = Settings(population=4)
    members = [member(n, 0.1 * n, 100 * ((n * 7) % 10 + 1)) for n in range(9)]
    population = Population(settings)
    population.add(members[:5])
    population.add(members[5:])
    order = fittest(
        [each.trial.evaluation for each in members], named_objectives(settings.objective), settings.caps
    )
    rng = random.Random(0)
    drawn = Counter(population.parent(rng).id for _ in range(400))
    assert [name for name, _ in drawn.most_common()] == [members[place].id for place in order[:4]]


def test_an_invalid_network_is_a_parent_only_while_there_is_no_other() -> None:
    population = Population(Settings())
    population.add([member(0, None, 10)])
    assert [each.id for each in population.ranked] == ["c000/0000"]
    population.add([member(1, 0.1, 20)])
    assert [each.id for each in population.ranked] == ["c000/0001"]


def test_who_is_below_the_median_of_parameters_is_scaled_up() -> None:
    population, members = Population(Settings()), [member(n, 0.5, 10 * n) for n in range(1, 6)]
    population.add(members)
    rng = random.Random(0)
    assert [population.scales_up(each, rng) for each in members] == [True, True, False, False, False]
    coin = Population(Settings(parents="random"))
    coin.add(members)
    assert {coin.scales_up(members[0], rng) for _ in range(20)} == {True, False}


@pytest.mark.parametrize(
    "told",
    [
        Told("fair", "operator/activation/smooth", "gelu-everywhere", {"by": "codemod", "downscale": "2"}),
        Told("similar", "network/width/scaling", "wider", {"by": "model", "failed": "shape, shape, budget"}),
        Told("scale-up", None, "widen", {"by": "edit", "failed": "nowhere"}),
        Told("fair", "operator/activation/smooth", "gelu-everywhere"),
    ],
)
def test_what_is_told_is_read_again(told: Told) -> None:
    assert read_told(told.text()) == told


def test_other_texts_are_no_ideas() -> None:
    assert Told("fair", "a/b/c", "d", {"failed": "shape, budget"}).failed == ("shape", "budget")
    for text in (
        "swap, reverse: location stem (of 3)",
        "kind: something",
        "tune: change; by model",
        "",
        "fair: a/b/c",
    ):
        assert read_told(text) is None
