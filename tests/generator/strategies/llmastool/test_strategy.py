"""LLMasTool as a conversation: what it starts from, edits, asks, builds, repeats and charges."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pydantic import ValidationError

from corpus.records.graphs import GraphNode, NetworkGraph
from corpus.records.search.calls import Answer, AnswerPath
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import DecidedBy
from generator.strategies.catalogue import StrategyError
from generator.strategies.llmastool.evidence import posterior_of
from generator.strategies.llmastool.idea import read_idea
from generator.strategies.llmastool.planner import Category
from generator.strategies.llmastool.settings import Settings
from generator.strategies.llmastool.strategy import build
from tests.generator.strategies.llmastool.planted import Step, TrailBench, Trails, searched
from tests.generator.strategies.test_evolution import Numbers


def test_the_search_starts_from_the_spaces_trees_and_then_edits_the_best() -> None:
    bench = TrailBench()
    searched(bench, Settings(batch=3), Trails(), 40)
    first, *later = [trial.candidate for trial in bench.heard]
    assert first.operator == "start" and first.key == "empty" and not first.parents
    known = {first.id: first}
    for child in later:
        assert child.key is not None and child.operator in Trails().edits
        parent = known[child.parents[0]].key
        before = "" if parent == "empty" else f"{parent} "
        assert (
            child.key.startswith(f"{before}{child.operator}/")
            and child.key.count("/") == len(child.key.split()) * 3
        )
        known[child.id] = child


def test_it_starts_from_the_trees_that_the_settings_name_or_encode() -> None:
    conversation = build(Settings(start=("set/1/a/1", "wrapped")), Trails()).search(TrailBench())
    assert [each.key for each in next(conversation)] == ["set/1/a/1", "wrap/0/a/1"]
    with pytest.raises(StrategyError, match=r"start: 'broken' is no network of the space 'trails'"):
        build(Settings(start=("broken",)), Trails())


def test_no_network_is_proposed_twice() -> None:
    bench = TrailBench()
    searched(bench, Settings(), Trails(steps=[Step("set", most=2), Step("swap", most=2)]), 200)
    keys = [trial.candidate.key for trial in bench.heard if trial.candidate.key is not None]
    assert len(set(keys)) == len(keys) > 150


def test_every_row_says_its_arm_and_who_decided_what() -> None:
    bench = TrailBench()
    searched(bench, Settings(), Trails(), 60)
    for trial in bench.heard[1:]:
        idea = read_idea(trial.candidate.idea or "")
        assert idea is not None and idea.arm.operation == trial.candidate.operator
        assert [each.what for each in idea.choices] == ["location", "module", "arguments"]
        decided = [each.what for each in trial.candidate.decisions]
        assert decided[:3] == ["parent", "operation", "category"]
        assert [each for each in decided[3:] if " to avoid" not in each] == [
            "location",
            "module",
            "arguments",
        ]


def test_what_has_just_helped_is_done_again_on_the_improved_network() -> None:
    bench = TrailBench()
    searched(bench, Settings(batch=1), Trails(), 80)
    by_id = {trial.candidate.id: trial for trial in bench.heard}
    repeats = 0
    for before, trial in zip(bench.heard[1:], bench.heard[2:], strict=False):
        idea, last = read_idea(trial.candidate.idea or ""), read_idea(before.candidate.idea or "")
        assert idea is not None and last is not None
        helped = (before.accuracy or 0) > (by_id[before.candidate.parents[0]].accuracy or 0)
        assert idea.repeated is helped
        if helped:
            assert (idea.arm, trial.candidate.parents) == (last.arm, (before.candidate.id,))
            assert {each.what: each.by for each in trial.candidate.decisions}["operation"] is DecidedBy.RULE
            repeats += 1
    assert repeats > 10


@pytest.mark.parametrize("off", [Settings(repeat=False), Settings(planner="uniform")])
def test_without_repeats_and_under_the_uniform_planner_nothing_is_done_again(off: Settings) -> None:
    bench = TrailBench()
    searched(bench, off, Trails(), 60)
    ideas = [read_idea(trial.candidate.idea or "") for trial in bench.heard[1:]]
    assert not any(idea is None or idea.repeated for idea in ideas)


def test_each_child_is_built_once_before_it_is_proposed_and_one_that_fails_never_is() -> None:
    bench = TrailBench(broken=lambda source: "/a/" in source)
    searched(bench, Settings(), Trails(), 60)
    built = Counter(source for visit in bench.built for source in visit)
    proposed = [trial.candidate.source for trial in bench.heard[1:] if trial.candidate.source]
    assert max(built.values()) == 1
    assert proposed and set(proposed) <= set(built)
    assert not any("/a/" in source for source in proposed)


def test_a_child_whose_graph_was_tried_before_is_replaced() -> None:
    def graph(source: str) -> NetworkGraph:
        widths = sum(step.startswith("widen") for step in source.split())
        kinds = sum(step.startswith("swap") for step in source.split())
        return NetworkGraph(nodes=(GraphNode(op="input", shape=(-1, widths + 1, kinds + 1)),))

    bench = TrailBench(graphs=graph)
    searched(bench, Settings(batch=1, redraws=40), Trails(), 12)
    sources = [trial.candidate.source for trial in bench.heard[1:] if trial.candidate.source]
    shapes = [graph(source).nodes[0].shape for source in sources]
    assert len(set(shapes)) == len(shapes) >= 8
    assert sum(map(len, bench.built)) > len(shapes) + 3


def test_a_child_whose_graph_does_not_show_the_change_that_was_meant_is_replaced() -> None:
    def graph(source: str) -> NetworkGraph:
        return NetworkGraph(nodes=(GraphNode(op="input", shape=(-1, *map(len, source.split()))),))

    def verdict(before: Probe, after: Probe, operation: str) -> str | None:
        assert before.graph is not None and after.graph is not None and before.graph != after.graph
        return "nothing was swapped" if operation == "swap" else None

    bench = TrailBench(graphs=graph)
    searched(bench, Settings(), Trails(steps=[Step("set"), Step("swap")]), 40, verdict)
    operators = {trial.candidate.operator for trial in bench.heard[1:] if trial.candidate.source}
    assert operators == {"set"} and any("swap/" in source for visit in bench.built for source in visit)


def test_with_the_gate_open_nothing_is_built() -> None:
    bench = TrailBench()
    searched(bench, Settings(probe=False), Trails(), 20)
    assert bench.built == []


def test_where_no_edit_passes_the_gate_an_attempt_is_charged_and_the_arm_has_failed() -> None:
    bench = TrailBench(broken=lambda _: True)
    settings = Settings(batch=2, redraws=2)
    searched(bench, settings, Trails(), 9)
    charged = bench.heard[1:]
    assert all(trial.candidate.source is None and trial.candidate.parents for trial in charged)
    posterior = posterior_of(bench.heard, settings)
    assert sum(posterior.failures.values()) == len(charged) and not posterior.successes
    assert max(len(visit) for visit in bench.built) <= 2


def test_the_beliefs_of_the_rows_are_those_that_the_planner_went_by() -> None:
    bench, settings, space = TrailBench(), Settings(epsilon=0.2), Trails()
    conversation: Any = build(settings, space).search(bench)
    proposals = next(conversation)
    for _ in range(12):
        accuracies = [space.accuracy(space.decode(each.key or "") or ()) for each in proposals]
        bench.heard += bench.judge(proposals, accuracies)
        proposals = conversation.send(bench.heard[-len(proposals) :])
    planner = conversation.gi_frame.f_locals["search"]._planner.posterior
    told = posterior_of(bench.heard, settings)
    assert (told.successes, told.failures) == (planner.successes, planner.failures)


def test_primitive_modules_alone_are_put_in_where_the_settings_say_so() -> None:
    bench = TrailBench()
    conversation = build(Settings(modules="primitive", batch=30), Trails()).search(bench)
    children = conversation.send(bench.judge(next(conversation), [0.5]))
    steps = [step for child in children for step in (child.key or "").split()]
    assert {step.split("/")[2] for step in steps} == {"a"}


def test_a_space_without_edits_is_refused() -> None:
    with pytest.raises(StrategyError, match=r"points of the space 'numbers' are none: set strategy.space"):
        build(Settings(), Numbers())


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(ValidationError, match="no objective 'acuracy'"):
        Settings(objective="acuracy")


class Naming(TrailBench):
    """A model that always names the first option."""

    def choose(self, role, messages, options):  # type: ignore[no-untyped-def]
        self.answers.append(Answer(value=options[0], path=AnswerPath.GUIDED, model="first"))
        return super().choose(role, messages, options)


def test_the_model_decides_all_nothing_or_one_choice_by_the_category() -> None:
    bench = Naming()
    searched(bench, Settings(), Trails(), 120)
    by_category: dict[Category, Counter[tuple[str, DecidedBy]]] = {each: Counter() for each in Category}
    for trial in bench.heard[1:]:
        idea = read_idea(trial.candidate.idea or "")
        assert idea is not None
        decisions = trial.candidate.decisions[3:]
        by_category[idea.arm.category].update((each.what, each.by) for each in decisions)
        for choice in idea.choices:
            if choice.of == 1:
                continue
            asked = idea.arm.category is not Category.MINIMAL or choice.what == "module"
            assert (choice.said is not None) is asked
            if asked:
                assert (choice.taken == choice.said) is (idea.arm.category is not Category.REVERSE)
    rely, reverse, minimal = (by_category[each] for each in Category)
    assert DecidedBy.MODEL in {by for _, by in rely} <= {DecidedBy.MODEL, DecidedBy.RULE}
    assert {what for what, by in reverse if by is DecidedBy.MODEL} == {
        f"{what} to avoid" for what in ("location", "module", "arguments")
    }
    assert {what for what, by in minimal if by is DecidedBy.MODEL} == {"module"}


def test_prompts_show_the_network_the_edit_and_at_most_eight_options_and_name_no_data_set() -> None:
    bench = Naming()
    searched(bench, Settings(), Trails(), 40)
    assert len(bench.asked) > 40
    for role, text in bench.asked:
        assert role in ("location", "module", "arguments")
        assert "The network (validation accuracy 0." in text and "Edit: " in text
        options = text.rpartition("One of:\n- ")[2].split("\n- ")
        assert 2 <= len(options) <= 8
        assert not any(word in text.lower() for word in ("digits", "mnist", "cifar", "imagenet"))


def test_equal_seeds_search_equally_and_other_seeds_otherwise() -> None:
    def keys(seed: int) -> list[str | None]:
        bench = TrailBench(seed=seed)
        searched(bench, Settings(), Trails(), 40)
        return [trial.candidate.key for trial in bench.heard]

    assert keys(1) == keys(1) != keys(2)
