"""Regularised evolution keeps to its algorithm: tournaments, ageing, one edit a child, nothing twice."""

from __future__ import annotations

import random

import pytest
from pydantic import ValidationError

from corpus.records.search.proposals import DecidedBy, Proposal
from corpus.records.search.trials import Trial
from generator.strategies.evolution import Evolution, Settings
from tests.generator.strategies.benches import PlainBench


class Numbers:
    """Points are whole numbers from 0; an edit moves up to `reach` steps up or down."""

    name, author, textual = "numbers", "numbers-1", True

    def __init__(self, most: int = 10_000, reach: int = 1) -> None:
        self.most, self.reach = most, reach

    def sample(self, rng: random.Random) -> int:
        return rng.randrange(self.most)

    def mutate(self, point: int, rng: random.Random) -> tuple[int, str]:
        step = rng.randint(1, self.reach) * rng.choice((-1, 1))
        return (point + step) % self.most, "up" if step > 0 else "down"

    def legal(self, point: int) -> bool:
        return 0 <= point < self.most

    def encode(self, point: int) -> str:
        return str(point)

    def decode(self, text: str) -> int | None:
        return int(text)

    def key(self, point: int) -> str:
        return str(point)

    def render(self, point: int) -> str:
        return f"# {point}\n"

    def describe(self) -> str:
        return "whole numbers"


NUMBERS = Numbers()


def value(program: object) -> int:
    return int(str(program)[2:])


def evolve(
    settings: Settings, turns: int, bench: PlainBench, space: Numbers | None = None
) -> list[list[int]]:
    """Return the points of each turn, with a point's value as its accuracy."""
    space = space or Numbers()
    conversation = Evolution(settings, space).search(bench)
    proposals = next(conversation)
    seen = []
    for _ in range(turns):
        seen.append([value(each.program) for each in proposals])
        proposals = conversation.send(bench.judge(proposals, [point / space.most for point in seen[-1]]))
    return seen


def test_the_first_population_is_drawn_and_each_child_is_one_edit_from_the_best_of_its_tournament() -> None:
    settings = Settings(population=6, tournament=6, batch=3)
    first, *later = evolve(settings, 2, PlainBench())
    assert len(first) == 6
    for child in later[0]:  # the tournament is the whole population, so that its best is every parent
        assert abs(child - max(first)) == 1


def test_evolution_climbs() -> None:
    turns = evolve(Settings(population=8, tournament=4, batch=2), 60, PlainBench())
    assert max(turns[-1]) > max(turns[0])


def test_the_oldest_die_however_good_they_are() -> None:
    bench = PlainBench(candidates=1000)
    conversation = Evolution(Settings(population=4, tournament=4, batch=4), Numbers()).search(bench)
    first = next(conversation)
    second = conversation.send(bench.judge(first, [0.9, 0.1, 0.1, 0.1]))
    third = conversation.send(bench.judge(second, [0.2, 0.3, 0.2, 0.2]))
    assert {parent for each in second for parent in each.parents} == {"c000/0000"}
    assert {parent for each in third for parent in each.parents} == {"c000/0005"}


def test_a_child_that_was_tried_before_is_drawn_again_while_there_are_others() -> None:
    space = Numbers(reach=50)
    turns = evolve(Settings(population=5, tournament=5, batch=5), 30, PlainBench(), space)
    points = [point for turn in turns for point in turn]
    assert len(set(points)) == len(points)


def test_a_space_that_is_used_up_is_searched_on() -> None:
    turns = evolve(Settings(population=2, tournament=2, batch=2), 20, PlainBench(), Numbers(most=3))
    assert all(len(turn) == 2 for turn in turns)


def test_an_invalid_trial_never_wins_a_tournament_against_a_valid_one() -> None:
    bench = PlainBench()
    conversation = Evolution(Settings(population=3, tournament=3, batch=2), Numbers()).search(bench)
    proposals = conversation.send(bench.judge(next(conversation), [None, 0.0, None]))
    assert {parent for each in proposals for parent in each.parents} == {"c000/0001"}


def test_no_decision_is_the_models() -> None:
    conversation = Evolution(Settings(population=2, tournament=1, batch=1), Numbers()).search(PlainBench())
    bench = PlainBench()
    child = conversation.send(bench.judge(next(conversation), [0.1, 0.2]))[0]
    assert {decision.by for decision in child.decisions} == {DecidedBy.RULE, DecidedBy.CHANCE}
    assert child.operator in ("up", "down")


def test_a_tournament_larger_than_the_population_is_refused() -> None:
    with pytest.raises(ValidationError, match="must be at most population"):
        Settings(population=4, tournament=5)


def sized(bench: PlainBench, proposals: list[Proposal], rows: list[tuple[float, int]]) -> list[Trial]:
    """Return trials with these accuracies and numbers of parameters."""
    told = bench.judge(proposals, [accuracy for accuracy, _ in rows])
    return [
        trial._replace(evaluation=trial.evaluation.model_copy(update={"parameters": parameters}))
        for trial, (_, parameters) in zip(told, rows, strict=True)
    ]


def parents_of(settings: Settings, rows: list[tuple[float, int]]) -> set[str]:
    """Return the parents of the first children of a population with these accuracies and parameters."""
    bench = PlainBench(candidates=100)
    conversation = Evolution(settings, Numbers(reach=50)).search(bench)
    children = conversation.send(sized(bench, next(conversation), rows))
    return {parent for each in children for parent in each.parents}


def test_a_network_beyond_a_cap_comes_after_those_within() -> None:
    rows = [(0.9, 5_000), (0.5, 900), (0.4, 100)]
    plain = Settings(population=3, tournament=3, batch=4)
    assert parents_of(plain, rows) == {"c000/0000"}
    assert parents_of(plain.model_copy(update={"max_parameters": 1_000}), rows) == {"c000/0001"}


def test_several_objectives_take_parents_from_the_front() -> None:
    rows = [(0.9, 5_000), (0.5, 9_000), (0.4, 10_000), (0.8, 50)]
    settings = Settings(population=4, tournament=2, batch=40, objective="accuracy,parameters")
    assert parents_of(settings, rows) == {"c000/0000", "c000/0003", "c000/0001"}


def test_an_unknown_objective_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValidationError, match=r"no objective 'acuracy'.*'accuracy'"):
        Settings(objective="acuracy")
