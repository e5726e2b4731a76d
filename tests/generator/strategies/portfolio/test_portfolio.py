"""A portfolio gives turns to who finds good networks, and tells each member of its own trials alone."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from pydantic import ValidationError

from corpus.records.candidates import Candidate
from corpus.records.prompts import Prompt
from corpus.records.search.proposals import Proposal
from corpus.records.trainings import TrainingExample
from generator.prompts.templates import render
from generator.strategies.portfolio.bandit import Bandit
from generator.strategies.portfolio.strategy import Portfolio, Settings
from tests.generator.strategies.benches import REQUEST, PlainBench
from tests.generator.strategies.test_evolution import NUMBERS

SMALL = {"closed-loop": {"batch": 5}, "evolution": {"population": 5, "tournament": 2, "batch": 5}}


def members_of(proposals: Sequence[Proposal]) -> list[str]:
    return [each.decisions[0].what.removeprefix("turn of ") for each in proposals]


def search(
    settings: Settings, turns: int, score: Callable[[Proposal], float | None], candidates: int = 1000
) -> list[str]:
    """Return whose each of the first turns was."""
    bench, seen = PlainBench(candidates=candidates), []
    conversation = Portfolio(settings, NUMBERS).search(bench)
    proposals = next(conversation)
    for _ in range(turns):
        whose = set(members_of(proposals))
        assert len(whose) == 1
        seen.append(whose.pop())
        proposals = conversation.send(bench.judge(proposals, [score(each) for each in proposals]))
    return seen


def by_the_model(proposal: Proposal) -> bool:
    return isinstance(proposal.program, Prompt)


@pytest.mark.parametrize("best", ["closed-loop", "evolution"])
def test_the_member_that_finds_good_networks_is_given_most_turns(best: str) -> None:
    chance = random.Random(0)
    seen = search(
        Settings(members=SMALL),
        60,
        lambda each: chance.random() * (1.0 if (by_the_model(each) == (best == "closed-loop")) else 0.6),
    )
    assert Counter(seen)[best] >= 40 and len(set(seen)) == 2


def test_a_member_whose_programs_do_not_run_is_tried_again_once_it_has_learnt() -> None:
    judged = itertools.count()

    def score(proposal: Proposal) -> float | None:
        learnt = next(judged) >= 150
        return (0.9 if learnt else None) if by_the_model(proposal) else 0.5

    seen = search(Settings(members=SMALL), 100, score)
    assert Counter(seen[:30])["closed-loop"] < 10
    assert Counter(seen[-30:])["closed-loop"] > 20


def test_everybody_has_a_turn_in_each_cycle_however_it_fared() -> None:
    seen = search(
        Settings(members=SMALL), 40, lambda each: None if by_the_model(each) else 0.5, candidates=30
    )
    cycles = [seen[first : first + 6] for first in range(0, 36, 6)]  # of turns of 5
    assert all("closed-loop" in each for each in cycles) and Counter(seen)["closed-loop"] < 15


def test_even_turns_go_round() -> None:
    seen = search(Settings(members=SMALL, turns="even"), 6, lambda _: 0.5)
    assert seen == ["closed-loop", "evolution"] * 3


def test_evolution_hears_of_its_own_trials_alone() -> None:
    """Its parents are its own children, since no other trial has a point of its space."""
    bench, own = PlainBench(candidates=1000), set()
    conversation = Portfolio(Settings(members=SMALL), NUMBERS).search(bench)
    proposals = next(conversation)
    for _ in range(30):
        told = bench.judge(proposals, [0.5] * len(proposals))
        for proposal, trial in zip(proposals, told, strict=True):
            if not by_the_model(proposal):
                assert set(proposal.parents) <= own
                own.add(trial.candidate.id)
        proposals = conversation.send(told)


def test_a_member_says_what_its_own_programs_teach() -> None:
    """An edit that shares nothing with its parent teaches nobody; the same program of the loop does."""
    parent = "".join(f"line_{line} = {line}\n" for line in range(20))
    bench = PlainBench(candidates=1000)
    bench.seeds = [Candidate.seeded(0, parent, generator="test")]
    portfolio = Portfolio(Settings(members={"closed-loop": {"batch": 1}, "edits": {"batch": 1}}), NUMBERS)
    conversation = portfolio.search(bench)
    proposals, taught = next(conversation), {}
    for _ in range(2):
        (trial,) = bench.judge(proposals, [0.5])
        (prompt,) = (each.program for each in proposals if isinstance(each.program, Prompt))
        plain = TrainingExample(candidate_id="c", prompt=prompt.messages, completion="x = 1\n")
        written = trial._replace(candidate=trial.candidate.model_copy(update={"source": "x = 1\n"}))
        taught[members_of(proposals)[0]] = portfolio.lesson(written, plain)
        proposals = conversation.send([trial])
    assert taught == {
        "closed-loop": plain.model_copy(update={"prompt": render("compact", REQUEST)}),
        "edits": None,
    }


def test_a_search_with_equal_seeds_is_equal() -> None:
    score = {True: 0.4, False: 0.6}
    settings = Settings(members=SMALL)
    first = search(settings, 20, lambda each: score[by_the_model(each)])
    assert first == search(settings, 20, lambda each: score[by_the_model(each)])


def test_the_best_of_all_so_far_are_successes_and_failures_count_among_all() -> None:
    bandit = Bandit(["a", "b"], elite=0.2, discount=1.0)
    bandit.learn("a", [0.1, 0.2, None, None, None])  # one of five: the better
    assert (bandit.belief("a").successes, bandit.belief("a").failures) == (2, 5)
    bandit.learn("b", [0.3, 0.4, None, None, None])  # two of ten
    assert (bandit.belief("b").successes, bandit.belief("b").failures) == (3, 4)


def test_where_nothing_runs_nothing_is_a_success() -> None:
    bandit = Bandit(["a"], elite=0.5, discount=1.0)
    bandit.learn("a", [None, None])
    assert bandit.belief("a").successes == 1


def test_an_outcome_is_forgotten_bit_by_bit() -> None:
    bandit = Bandit(["a", "b"], elite=0.5, discount=0.5)
    bandit.learn("a", [0.9])
    bandit.learn("b", [None] * 10)
    assert bandit.belief("a").successes == pytest.approx(1 + 0.5**10)
    assert bandit.belief("b").failures < 3


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"members": {"evolution": {}}}, "at least 2"),
        ({"members": {"closed-loop": {}, "portfolio": {}}}, "closed-loop"),
        ({"members": {"closed-loop": {"batches": 3}, "evolution": {}}}, "closed-loop.batches"),
        ({"members": {"closed-loop": {}, "evolution": {"tournament": 99}}}, "tournament"),
        ({"elite": 1.0}, "less than 1"),
        ({"discount": 0.0}, "greater than 0"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate(settings)
