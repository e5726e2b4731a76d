"""CoLLM-NAS: who is shown what, what costs an attempt, and what stands in where no model answers."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from corpus.records.prompts import Message
from corpus.records.search.calls import Answer, AnswerPath
from corpus.records.search.proposals import DecidedBy, Proposal
from corpus.records.tasks.shape import TaskShape
from evaluator.tasks import task_names
from generator.spaces.catalogue import build_space, space_names
from generator.spaces.operations import Operational
from generator.strategies.catalogue import StrategyError, build_strategy
from generator.strategies.collm.coordinator import CoLLM, build
from generator.strategies.collm.direction import Direction, direction_in, read_idea
from generator.strategies.collm.memory import Tried
from generator.strategies.collm.rule import ruled
from generator.strategies.collm.settings import Settings
from generator.strategies.contract import Answered, Conversation
from tests.generator.strategies.benches import PlainBench
from tests.generator.strategies.test_evolution import Numbers
from tests.informed import Informed

SHAPE = TaskShape(channels=1, height=12, width=12, classes=10)
CELLS: Any = build_space("cells-3", SHAPE, 500_000)
KNOWN = [
    "|conv3x3~0|+|none~0|none~1|+|none~0|conv3x3~1|none~2|",
    "|pool3x3~0|+|none~0|none~1|+|none~0|pool3x3~1|none~2|",
]


class Talking(PlainBench):
    """A bench whose model is a decider; whole chats are kept."""

    def __init__(self, decider: Any = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.decider = decider
        self.chats: list[tuple[str, list[str]]] = []

    def json(self, role: str, messages: Sequence[Message], schema: Mapping[str, Any]) -> Answered:
        self.chats.append((role, [message.content for message in messages]))
        if self.decider is None:
            return super().json(role, messages, schema)
        answer = self.decider.json(messages, schema, seed=len(self.chats))
        return Answered(f"k{len(self.chats) - 1:06d}", answer)


def strategy(**settings: Any) -> CoLLM:
    return build(Settings(**settings), CELLS)


def said(document: Any) -> Answer:
    return Answer(value=document, path=AnswerPath.PARSED, model="told")


def directed(prefer: Sequence[str] = (), words: str = "Be bold.") -> Answer:
    return said({"strategy": words, "prefer": list(prefer), "avoid": [], "explore": []})


def written(*encodings: str) -> Answer:
    return said({"candidates": list(encodings)})


def first_batch(bench: PlainBench, *answers: Answer, **settings: Any) -> list[Proposal]:
    bench.answers += answers
    return next(strategy(**settings).search(bench))


def accuracies(proposals: Sequence[Proposal]) -> list[float | None]:
    """Return more accuracy for more convolutions; nothing for no program."""
    return [None if each.program is None else (each.key or "").count("conv") / 10 for each in proposals]


def rounds(conversation: Conversation, bench: PlainBench, count: int) -> list[list[Proposal]]:
    seen = [next(conversation)]
    for _ in range(count - 1):
        seen.append(conversation.send(bench.judge(seen[-1], accuracies(seen[-1]))))
    return seen


def test_the_generator_is_shown_the_strategy_and_the_encoding_alone() -> None:
    bench = Talking(Informed(CELLS), candidates=30)
    rounds(strategy().search(bench), bench, 3)
    generator = [chat for role, chat in bench.chats if role == "generator"]
    assert all(len(chat) == 2 and CELLS.describe() in chat[1] for chat in generator)
    assert all("Results" not in chat[1] and "accuracy" not in chat[1] for chat in generator)
    assert "Strategy: Stay close to these:" in generator[-1][1]


def test_a_generator_with_memory_is_shown_the_last_results() -> None:
    bench = Talking(Informed(CELLS), candidates=30)
    first, *_ = rounds(strategy(generator_memory=True).search(bench), bench, 2)
    chat = [chat for role, chat in bench.chats if role == "generator"][-1]
    assert "Earlier networks:" in chat[1] and f"{accuracies(first)[0]:.4f} " in chat[1]


def test_the_navigator_starts_from_the_target_and_the_constraints() -> None:
    bench = Talking(Informed(CELLS))
    next(strategy().search(bench))
    role, chat = bench.chats[0]
    assert role == "navigator" and "above 0.30" in chat[1] and "500,000 parameters" in chat[1]


@pytest.mark.parametrize(("memory", "turns"), [(True, 2 + 2 * 3), (False, 2)])
def test_a_navigator_with_memory_is_shown_all_its_strategies(memory: bool, turns: int) -> None:
    bench = Talking(Informed(CELLS), candidates=40)
    rounds(strategy(navigator_memory=memory).search(bench), bench, 4)
    last = [chat for role, chat in bench.chats if role == "navigator"][-1]
    assert len(last) == turns
    assert "Results of the last strategy" in last[-1] and "Best so far" in last[-1]


def test_an_illegal_candidate_costs_an_attempt_at_once() -> None:
    bench = PlainBench()
    batch = first_batch(bench, directed(), written(KNOWN[0], "conv, please", KNOWN[1]), batch=3)
    assert [each.operator for each in batch] == ["generate", "illegal", "generate"]
    assert batch[1].program is None and batch[1].call == "k000001" and "conv, please" in (batch[1].idea or "")
    assert [role for role, _ in bench.asked] == ["navigator", "generator"]


def test_a_network_that_is_known_is_removed_and_the_batch_filled_up() -> None:
    bench = PlainBench()
    batch = first_batch(bench, directed(), written(KNOWN[0], KNOWN[0]), written(KNOWN[1]), batch=2)
    assert [each.operator for each in batch] == ["generate", "generate"]
    assert batch[1].call == "k000002" and "Write one network" in bench.asked[-1][1]


def test_what_is_still_missing_in_the_end_is_charged() -> None:
    again = [written(KNOWN[0])] * 2
    batch = first_batch(PlainBench(), directed(), written(KNOWN[0]), *again, batch=3, regenerations=2)
    assert [each.operator for each in batch] == ["generate", "repeat", "repeat"]
    assert all(each.program is None for each in batch[1:])


def test_more_candidates_than_were_asked_for_are_not_tried() -> None:
    batch = first_batch(PlainBench(), directed(), written(*KNOWN), batch=1)
    assert [each.key for each in batch] == [CELLS.key(CELLS.decode(KNOWN[0]))]


def test_what_is_proposed_as_a_network_is_always_legal_and_never_twice() -> None:
    bench = Talking(Informed(CELLS), candidates=60)
    batches = rounds(strategy().search(bench), bench, 6)
    programs = [each for batch in batches for each in batch if each.program is not None]
    points = [CELLS.decode(read_idea(each.idea or "")[1]) for each in programs]  # type: ignore[index]
    assert [CELLS.render(point) for point in points] == [each.program for each in programs]
    assert len({each.key for each in programs}) == len(programs)


def test_without_a_model_the_rule_stands_in_and_is_marked() -> None:
    bench = PlainBench(candidates=30)
    batches = rounds(strategy().search(bench), bench, 3)
    for proposal in itertools.chain(*batches):
        assert [(each.what, each.by) for each in proposal.decisions] == [
            ("strategy", DecidedBy.RULE),
            ("candidate", DecidedBy.CHANCE),
        ]
        assert (proposal.idea or "").startswith("fallback; prefer ")
    assert "prefer conv3x3;" in (batches[-1][0].idea or "")


def test_what_a_model_decided_is_noted_as_the_models() -> None:
    batch = first_batch(PlainBench(), directed(["pool3x3"]), written(KNOWN[0]), batch=1)
    assert {each.by for each in batch[0].decisions} == {DecidedBy.MODEL}
    assert batch[0].idea == f"prefer pool3x3; avoid -; explore -: {KNOWN[0]}"


def test_one_model_in_both_roles_is_asked_once_a_round() -> None:
    bench = Talking(Informed(CELLS), candidates=30)
    batches = rounds(strategy(roles="one", regenerations=0).search(bench), bench, 3)
    assert [role for role, _ in bench.chats] == ["navigator and generator"] * 3
    assert {each.operator for each in batches[0]} <= {"generate", "repeat"}


def test_a_candidate_that_is_chosen_choice_by_choice_is_never_illegal() -> None:
    class Firm(PlainBench):
        def choose(self, role: str, messages: Sequence[Message], options: Sequence[str]) -> Answered:
            self.asked.append((role, messages[-1].content))
            return Answered("k", Answer(value=max(options), path=AnswerPath.GUIDED, model="firm"))

    bench = Firm()
    batch = next(strategy(navigator="rule", generator="choose").search(bench))
    assert {each.operator for each in batch} <= {"generate", "repeat"}
    assert len(bench.asked) >= 6 * len(batch)
    decided = [(each.what, each.by) for each in batch[0].decisions]
    assert decided[1:] == [("options", DecidedBy.CHANCE), ("candidate", DecidedBy.MODEL)]


def test_the_rule_prefers_what_the_best_have_and_explores_what_was_hardly_tried() -> None:
    tried = [Tried("a", ("conv", "conv", "skip"), 0.9)]
    tried += [Tried("b", ("skip", "none", "none"), accuracy) for accuracy in (0.2, 0.1, None)]
    direction = ruled(tried, ("conv", "skip", "none", "pool"))
    assert direction == Direction(prefer=("conv",), avoid=("none",), explore=("pool",))


def test_a_strategy_that_says_nothing_prefers_nothing() -> None:
    assert ruled([], CELLS.vocabulary()) == Direction()


def test_operations_that_there_are_not_and_contradictions_are_left_out_of_a_strategy() -> None:
    document: dict[str, Any] = {
        "strategy": "x",
        "prefer": ["pool3x3", "pool3x3", "lstm", 3],
        "avoid": ["pool3x3", "none"],
    }
    direction = direction_in(document, CELLS.vocabulary())
    assert (direction.prefer, direction.avoid, direction.explore) == (("pool3x3",), ("none",), ())


@pytest.mark.parametrize("name", space_names())
@pytest.mark.parametrize("by", [DecidedBy.MODEL, DecidedBy.RULE])
def test_an_idea_is_read_as_it_was_written(name: str, by: DecidedBy) -> None:
    space: Any = build_space(name, SHAPE, 500_000)
    words = space.vocabulary()
    direction = Direction(words[::3], words[1::3], words[2::3][:1], by=by)
    assert read_idea(direction.idea("a: b; c")) == (direction, "a: b; c")
    assert read_idea(Direction(by=by).idea("x")) == (Direction(by=by), "x")


@pytest.mark.parametrize("name", space_names())
@pytest.mark.parametrize("roles", ["two", "one"])
def test_no_prompt_names_a_data_set_over_whichever_space(name: str, roles: Any) -> None:
    space: Any = build_space(name, SHAPE, 500_000)
    bench = Talking(Informed(space), candidates=30)
    rounds(build(Settings(roles=roles, batch=4), space).search(bench), bench, 3)
    shown = "\n".join(text for _, chat in bench.chats for text in chat).lower()
    named = {*task_names(), "cifar", "imagenet", "mnist", "nas-bench", "nasbench", "digit"} - {"images"}
    assert [word for word in named if word in shown] == []


def test_a_good_answer_is_worth_more_than_none() -> None:
    """The informed decider, whose prompts are all that it knows, ends above uniform draws."""

    def best(bench: PlainBench, **settings: Any) -> float:
        batches = rounds(build(Settings(**settings), cells).search(bench), bench, 6)
        return max(value or 0.0 for batch in batches for value in accuracies(batch))

    cells: Any = build_space("cells", SHAPE, 500_000)
    informed = [best(Talking(Informed(cells), seed=seed, candidates=60)) for seed in range(5)]
    alone = [
        best(PlainBench(seed=seed, candidates=60), navigator="none", generator="rule") for seed in range(5)
    ]
    assert sum(informed) > sum(alone)


def test_a_space_whose_operations_have_no_names_is_a_mistake() -> None:
    with pytest.raises(StrategyError, match="steers by the names of operations, and the space 'numbers'"):
        build(Settings(), Numbers())


def test_a_space_without_choices_is_a_mistake_where_the_generator_chooses() -> None:
    space = build_space("grammar", SHAPE, 500_000)
    with pytest.raises(StrategyError, match="cannot be made choice by choice"):
        build_strategy("collm", {"generator": "choose"}, space)


def test_one_model_in_both_roles_cannot_choose() -> None:
    with pytest.raises(ValidationError, match="one document for both roles"):
        Settings(roles="one", generator="choose")


@pytest.mark.parametrize("name", space_names())
def test_a_documents_form_accepts_what_is_asked_for(name: str) -> None:
    from generator.deciders.documents import document_in
    from generator.strategies.collm.prompts import both_schema

    space: Any = build_space(name, SHAPE, 500_000)
    assert isinstance(space, Operational)
    point = space.sample(random.Random(3))
    document = {"strategy": "x", "prefer": [space.vocabulary()[0]], "avoid": [], "explore": []}
    document["candidates"] = [space.encode(point)]
    assert document_in(json.dumps(document), both_schema(space, 2)).value == document
    assert Counter(space.operations(point)).keys() <= set(space.vocabulary()) or name == "grammar"
