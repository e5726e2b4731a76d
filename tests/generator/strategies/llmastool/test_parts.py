"""The parts of LLMasTool: ideas are read as they were written, niches share, options lead somewhere."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest

from corpus.objectives import Caps, named_objectives
from corpus.records.search.proposals import Proposal
from generator.strategies.llmastool.filling import Filler
from generator.strategies.llmastool.idea import Choice, Idea, plain, read_idea
from generator.strategies.llmastool.parents import Member, Parents, better
from generator.strategies.llmastool.planner import Arm, Category
from generator.strategies.llmastool.prompts import Scene, choice_chat
from generator.strategies.wording import LONGEST_ENCODING
from tests.generator.strategies.benches import REQUEST, trial
from tests.generator.strategies.llmastool.planted import Setting, Step, Trail, TrailBench

ACCURACY = named_objectives("accuracy")


@pytest.mark.parametrize(
    "idea",
    [
        Idea(Arm("swap", Category.RELY)),
        Idea(Arm("widen", Category.MINIMAL), repeated=True),
        Idea(
            Arm("set", Category.REVERSE),
            choices=(
                Choice("location", "stage 2, node 3: conv width=16", 6, "stem, node 1: conv"),
                Choice("module", "kernel of 3 of 4", 8),
                Choice("arguments", "5", 3, "7"),
            ),
        ),
    ],
)
def test_an_idea_is_read_as_it_was_written(idea: Idea) -> None:
    assert read_idea(idea.text()) == idea


@pytest.mark.parametrize(
    "text",
    [
        "",
        "swap",
        "swap, often",
        "prefer a; avoid -; explore -: x",
        "swap, rely: place 3 (of 4)",
        "a, rely: x; y",
    ],
)
def test_another_text_is_no_idea(text: str) -> None:
    assert read_idea(text) is None


def test_words_with_the_sign_between_choices_are_read_back_without_its_blank() -> None:
    choice = Choice("location", plain("stage 1, 2: cat(a; b)"), 2)
    assert read_idea(Idea(Arm("swap", Category.RELY), choices=(choice,)).text()) == Idea(
        Arm("swap", Category.RELY), choices=(Choice("location", "stage 1, 2: cat(a;b)", 2),)
    )


def member(number: int, niche: str, accuracy: float | None) -> Member:
    return Member(number, trial(number, Proposal(program=f"# {number}"), accuracy), niche)


def parents(*members: Member, top: int = 3, niches: bool = True) -> Parents:
    found = Parents(top, niches=niches, objectives=ACCURACY, caps=Caps())
    found.add(members)
    return found


def test_parents_are_the_best_and_who_is_added_later_takes_their_place() -> None:
    found = parents(*(member(number, "a", number / 10) for number in range(6)))
    assert [each.point for each in found.best] == [5, 4, 3]
    found.add([member(9, "a", 0.45), member(10, "a", None)])
    assert [each.point for each in found.best] == [5, 9, 4]


def test_a_parent_of_a_crowded_niche_is_chosen_less_often() -> None:
    crowd = [member(number, "crowded", 0.1) for number in range(8)]
    found = parents(*crowd, member(8, "crowded", 0.9), member(9, "rare", 0.8), top=2)
    rng = random.Random(0)
    drawn = Counter(found.draw(rng).niche for _ in range(1000))
    assert drawn["rare"] / 1000 == pytest.approx(0.9, abs=0.03)
    alike = parents(*crowd, member(8, "crowded", 0.9), member(9, "rare", 0.8), top=2, niches=False)
    drawn = Counter(alike.draw(rng).niche for _ in range(1000))
    assert drawn["rare"] / 1000 == pytest.approx(0.5, abs=0.05)


def test_an_invalid_network_is_a_parent_only_while_there_is_no_other() -> None:
    found = parents(member(0, "a", None))
    assert [each.point for each in found.best] == [0]
    found.add([member(1, "a", 0.1)])
    assert [each.point for each in found.best] == [1]


def test_better_is_strictly_better_and_valid() -> None:
    strong, weak, broken = (member(0, "a", accuracy).trial.evaluation for accuracy in (0.5, 0.4, None))
    assert better(strong, weak, ACCURACY, Caps()) and better(weak, broken, ACCURACY, Caps())
    assert not any(
        better(child, parent, ACCURACY, Caps())
        for child, parent in [(weak, strong), (strong, strong), (broken, strong), (broken, broken)]
    )


def test_better_by_several_objectives_is_worse_by_none() -> None:
    both = named_objectives("accuracy,parameters")
    parent, child = (member(0, "a", accuracy).trial.evaluation for accuracy in (0.5, 0.6))
    parent = parent.model_copy(update={"parameters": 100})
    assert not better(child.model_copy(update={"parameters": 200}), parent, both, Caps())
    assert better(child.model_copy(update={"parameters": 100}), parent, both, Caps())


SCENE = Scene("conv relu", 0.5, "put another module in the place of one")


def filled(step: Step, bench: TrailBench, tried: Sequence[str] = ()) -> list[Trail]:
    """Return 200 children of one operation."""
    filler = Filler(bench, 8, lambda point: point[-1] not in tried, random.Random(0))
    found = [filler.fill((), step, Category.RELY, SCENE) for _ in range(200)]
    return [each.point for each in found if each is not None]


def test_options_that_lead_to_what_was_tried_alone_are_not_offered() -> None:
    tried = [f"swap/0/{what}/{how}" for what in "abc" for how in "12"] + [
        "swap/1/a/1",
        "swap/1/a/2",
        "swap/1/b/1",
    ]
    bench = TrailBench()
    found = {point[-1] for point in filled(Step("swap", most=2), bench, tried)}
    assert found == {"swap/1/b/2", "swap/1/c/1", "swap/1/c/2"}
    assert not any("place 0" in text for _, text in bench.asked)
    assert any("One of:\n- b\n- c" in text for _, text in bench.asked)


def test_an_operation_without_anything_new_leads_nowhere() -> None:
    tried = [f"swap/0/{what}/{how}" for what in "abc" for how in "12"]
    assert filled(Step("swap", most=1), TrailBench(), tried) == []


def test_every_option_is_offered_now_and_then_though_eight_at_a_time() -> None:
    bench = TrailBench()
    places = {point[-1].split("/")[1] for point in filled(Step("swap", most=30), bench)}
    assert len(places) == 30


class Many(Step):
    """An operation whose subjects have very many settings, none of which is new."""

    def drafts(self, point: Trail, path: int) -> Sequence[Setting]:
        return [Setting("a", str(number)) for number in range(10_000)]


def test_only_so_many_edits_are_tried_to_learn_whether_an_option_leads_anywhere() -> None:
    seen: list[Trail] = []

    def nothing_new(point: Trail) -> bool:
        seen.append(point)
        return False

    filler = Filler(TrailBench(), 8, nothing_new, random.Random(0))
    assert filler.fill((), Many("swap", most=10, subjects=("a",)), Category.RELY, SCENE) is None
    assert len(seen) == 240


def test_of_a_long_network_only_the_beginning_is_shown() -> None:
    chat = choice_chat(REQUEST, SCENE._replace(encoding="conv " * 1000), [], "location", ["a", "b"])
    assert len(chat[-1].content) < LONGEST_ENCODING + 400
