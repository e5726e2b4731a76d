"""One child at a time: by codemod or by model, debugged, made smaller, checked, and what is said of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from corpus.records.search.calls import Answer
from corpus.records.search.proposals import DecidedBy, Proposal
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.ideas.told import FAILURES, read_told
from generator.strategies.fairnad.asking import Asker
from generator.strategies.fairnad.attempts import Child
from generator.strategies.fairnad.making import Maker, Making, Picked, together
from generator.strategies.fairnad.population import Member, Population
from generator.strategies.fairnad.refining import Experience
from generator.strategies.fairnad.settings import Settings
from generator.trees.encoding import decode
from tests.generator.strategies.benches import trial
from tests.generator.strategies.fairnad.building import (
    CAP,
    FULL,
    POOL,
    SMALL,
    SPACE,
    BuildingBench,
    chose,
    tree,
    wrote,
)  # fmt: skip

DEEPER = (
    "conv(8) batch_norm relu conv(8) batch_norm relu | conv(12, stride=2) batch_norm relu | mean classifier"
)
WIDE = (
    "conv(32) batch_norm relu | conv(48, stride=2) batch_norm relu conv(48) batch_norm relu | mean classifier"
)
CUT = "conv(8) batch_norm relu | residual(conv(8) batch_norm"
FLYING = "conv(8) batch_norm wings | conv(12, stride=2) relu | mean classifier"


class Single:
    """The making of one child of one network.

    Attributes:
        bench: The bench.
        maker: Who makes it.
        experience: What is known of ideas.
    """

    def __init__(
        self,
        sandbox: SandboxedEvaluator,
        parent: str = SMALL,
        answers: Sequence[Answer] = (),
        **settings: Any,
    ) -> None:
        self.bench, self.experience = BuildingBench(sandbox), Experience()
        self.bench.answers = list(answers)
        self.settings = Settings(**{"redraws": 0, **settings})
        point, rng = tree(parent), random.Random(0)
        (probe,) = self.bench.probe("budget", [SPACE.render(point)])
        population = Population(self.settings)
        proposal = Proposal(program=SPACE.render(point), key=SPACE.key(point))
        self.parent = Member(point, trial(0, proposal, 0.5), probe)
        population.add([self.parent])
        self.maker = Maker(
            self.bench, SPACE, self.settings, population, self.experience, Asker(self.bench, rng), rng
        )
        self.maker.know(point, probe)

    def child(self, making: Making) -> Child:
        (found,) = together(self.bench, [making])
        return found

    def idea(self, name: str) -> Child:
        return self.child(self.maker.by_idea(lambda _: Picked("fair", POOL.ideas[name], DecidedBy.CHANCE)))


def encoded(child: Child) -> str:
    assert child.tree is not None, child.told().text()
    return SPACE.encode(child.tree)


def test_an_idea_is_carried_out_by_its_codemod(sandbox: SandboxedEvaluator) -> None:
    child = Single(sandbox).idea("gelu-everywhere")
    assert encoded(child) == SMALL.replace("relu", "gelu")
    assert child.told().text() == "fair: operator/activation/smooth/gelu-everywhere; by codemod"
    proposal = child.proposal(SPACE)
    assert proposal.operator == "fair" and proposal.parents == ("c000/0000",)
    assert [(each.what, each.by) for each in proposal.decisions] == [
        ("idea", DecidedBy.CHANCE), ("parent", DecidedBy.RULE), ("place", DecidedBy.RULE),
    ]  # fmt: skip


def test_a_model_chooses_the_place_of_a_codemod(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox, answers=[chose("stage 1, 3: relu")])
    child = making.idea("silu-once")
    assert encoded(child) == "silu".join(SMALL.rsplit("relu", 1))
    assert making.bench.asked[0][0] == "place" and "- stem, 3: relu" in making.bench.asked[0][1]
    assert child.attempt.decisions[-1].by is DecidedBy.MODEL and child.attempt.call == "k000000"


def test_an_idea_without_a_codemod_is_carried_out_by_the_model(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox, answers=[wrote(f"Here it is:\n```\n{DEEPER}\n```")])
    child = making.idea("in-words")
    assert child.tree == tree(DEEPER) and child.told().notes == {"by": "model"}
    ((role, question),) = making.bench.asked
    assert role == "write" and SMALL in question and POOL.ideas["in-words"].statement in question
    assert child.attempt.decisions[-1].what == "program" and child.attempt.call == "k000000"


def test_the_model_is_shown_its_mistakes_and_writes_anew(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox, answers=[wrote(CUT), wrote(FLYING), wrote(DEEPER)])
    child = making.idea("in-words")
    assert child.tree == tree(DEEPER)
    assert child.told().notes == {"by": "model", "debug": "2", "failed": "truncated, hallucinated"}
    assert [role for role, _ in making.bench.asked] == ["write", "debug", "debug"]
    assert "there is no module 'wings'" in making.bench.asked[2][1]


@pytest.mark.parametrize(("debug", "tries"), [(0, 1), (1, 2), (2, 3)])
def test_after_so_many_tries_the_attempt_is_charged(
    sandbox: SandboxedEvaluator, debug: int, tries: int
) -> None:
    making = Single(sandbox, answers=[wrote(CUT)] * 9, debug=debug)
    child = making.idea("in-words")
    assert child.tree is None and child.told().failed == ("truncated",) * tries
    proposal = child.proposal(SPACE)
    assert proposal.program is None and read_told(proposal.idea or "") == child.told()


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (CUT, "truncated"),
        ("conv(8) batch_norm relu |", "truncated"),
        ("I cannot do that.", "unreadable"),
        ("", "unreadable"),
        ("conv(8)) relu | mean classifier", "unreadable"),
        (FLYING, "hallucinated"),
        (SMALL.replace("conv(12", "conv(12, wings=2"), "hallucinated"),
        ("mean relu | conv(12, stride=2) batch_norm relu | mean classifier", "shape"),
        (SMALL, "structure"),
        ("conv(8) batch_norm gelu | mean classifier", "structure"),
        ("conv(4096, kernel=7) conv(4096, kernel=7) relu | mean classifier", "budget"),
    ],
)
def test_what_goes_wrong_is_called_by_its_name(sandbox: SandboxedEvaluator, answer: str, name: str) -> None:
    child = Single(sandbox, answers=[wrote(answer)], debug=0).idea("in-words")
    assert child.tree is None and child.told().failed == (name,) and name in FAILURES


def test_a_codemod_stands_in_where_the_model_fails(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox, answers=[wrote(CUT)] * 3, carry="model")
    child = making.idea("gelu-everywhere")
    assert encoded(child) == SMALL.replace("relu", "gelu")
    assert child.told().notes == {"by": "codemod", "failed": "truncated, truncated, truncated"}


def test_a_model_must_show_what_the_codemod_says(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox, answers=[wrote(DEEPER), wrote(SMALL.replace("relu", "gelu"))], carry="model")
    child = making.idea("gelu-everywhere")
    assert child.told().notes == {"by": "model", "debug": "1", "failed": "structure"}
    assert "does not show +gelu" in making.bench.asked[1][1]


def test_an_idea_without_a_place_is_given_up_for_another(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox, parent=SMALL.replace("batch_norm", "group_norm"), redraws=1)
    names = iter(["group-norm", "gelu-everywhere"])
    given: list[list[str]] = []

    def pick(given_up: Sequence[str]) -> Picked:
        given.append(list(given_up))
        return Picked("fair", POOL.ideas[next(names)], DecidedBy.CHANCE)

    child = making.child(making.maker.by_idea(pick))
    assert child.told().idea == "gelu-everywhere" and child.told().failed == ("nowhere",)
    assert given == [[], ["group-norm"]]


def test_without_a_model_what_has_no_codemod_costs_nothing(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox)
    names = iter(["in-words", "gelu-everywhere"])
    pick = lambda _: Picked("fair", POOL.ideas[next(names)], DecidedBy.CHANCE)  # noqa: E731 - one line
    child = making.child(making.maker.by_idea(pick))
    assert child.told().text() == "fair: operator/activation/smooth/gelu-everywhere; by codemod"
    assert [role for role, _ in making.bench.asked] == ["write"]


def test_what_is_too_large_is_made_smaller_until_it_fits(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox, answers=[wrote(WIDE)])
    child = making.idea("in-words")
    assert child.probe is not None and child.probe.parameters is not None
    draft = decode(WIDE, SPACE.library)
    assert draft is not None and child.probe.parameters <= CAP < (SPACE.parameters(draft) or 0)
    assert 1 <= int(child.told().notes["downscale"]) <= 4
    assert len(making.bench.built) == 2  # the parent, and what fits: the rest is counted without building


def test_without_the_loop_what_is_too_large_fails(sandbox: SandboxedEvaluator) -> None:
    child = Single(sandbox, answers=[wrote(WIDE)] * 3, downscale=0).idea("in-words")
    assert child.tree is None and child.told().failed == ("budget",) and "debug" not in child.told().notes


def test_flops_are_part_of_the_budget_and_only_the_sandbox_tells_them(sandbox: SandboxedEvaluator) -> None:
    free = Single(sandbox, answers=[wrote(DEEPER)]).idea("in-words")
    assert free.probe is not None and free.probe.flops is not None
    making = Single(sandbox, answers=[wrote(DEEPER)], max_flops=free.probe.flops - 1)
    child = making.idea("in-words")
    assert child.probe is not None and (child.probe.flops or 0) < free.probe.flops
    assert child.told().notes["downscale"] == "1" and len(making.bench.built) == 3


def test_a_model_may_have_it_shallower(sandbox: SandboxedEvaluator) -> None:
    tall = "conv(12) batch_norm relu 6x[conv batch_norm relu] | mean classifier"
    narrower = Single(sandbox, answers=[wrote(tall)]).idea("in-words")
    making = Single(sandbox, answers=[wrote(tall), chose("shallower")])
    child = making.idea("in-words")
    assert making.bench.asked[1][0] == "downscale"
    assert "conv(12)" in encoded(child) and "6x" not in encoded(child)
    assert "6x" in encoded(narrower) and "conv(12)" not in encoded(narrower)


@pytest.mark.parametrize(("said", "opinion"), [("yes", "same"), ("no", "wrong-verdict")])
def test_a_second_opinion_is_noted_and_decides_nothing(
    sandbox: SandboxedEvaluator, said: str, opinion: str
) -> None:
    making = Single(sandbox, answers=[wrote(DEEPER), chose(said)], second_opinion=True)
    child = making.idea("in-words")
    assert child.tree is not None and child.told().notes["opinion"] == opinion
    none = Single(sandbox, second_opinion=True).idea("gelu-everywhere")
    assert "opinion" not in none.told().notes


def test_the_model_hears_what_became_of_the_idea_and_of_the_network(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox, answers=[wrote(DEEPER)])
    making.experience.attempted("in-words", "elsewhere", "accuracy -0.020, 71% of the budget")
    making.experience.attempted("excite", "c000/0000", "failed, shape: 8x4x4 and 12x4x4")
    making.experience.attempted("excite", "elsewhere", "accuracy +0.100, 50% of the budget")
    making.idea("in-words")
    question = making.bench.asked[0][1]
    assert (
        "- in-words on another: accuracy -0.020, 71% of the budget\n- excite on this network: failed"
        in question
    )
    assert "+0.100" not in question


def test_a_small_network_is_scaled_up_and_the_others_are_tuned(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox, parents="random")
    told = [making.child(making.maker.by_edit()).told() for _ in range(8)]
    assert {each.mutation for each in told} == {"scale-up", "tune"}
    assert {each.idea for each in told if each.mutation == "scale-up"} <= {"widen", "repeat"}
    assert {each.idea for each in told if each.mutation == "tune"} == {"change"}
    assert all(each.path is None and each.notes["by"] == "edit" for each in told)
    alone = Single(sandbox, parent=FULL)  # of one network, none is below the median
    assert {alone.child(alone.maker.by_edit()).told().mutation for _ in range(4)} == {"tune"}


def test_children_of_a_batch_are_built_side_by_side(sandbox: SandboxedEvaluator) -> None:
    making = Single(sandbox)
    names = ["gelu-everywhere", "leaky-everywhere", "group-norm"]
    makings = [
        making.maker.by_idea(lambda _, name=name: Picked("fair", POOL.ideas[name], DecidedBy.CHANCE))
        for name in names
    ]
    children = together(making.bench, makings)
    assert [child.told().idea for child in children] == names
    assert [len(each) for each in making.bench.built] == [1, 3]
