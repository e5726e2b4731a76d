"""The closed loop's prompts: one request, many seeds, exemplars from the stronger half."""

from __future__ import annotations

from corpus.records.prompts import Prompt
from corpus.records.search.proposals import Proposal
from generator.strategies.closed_loop import ClosedLoop
from tests.generator.strategies.benches import PlainBench
from tests.ledgers import program


def first_prompts(bench: PlainBench) -> list[Prompt]:
    return [each.program for each in next(ClosedLoop().search(bench)) if isinstance(each.program, Prompt)]


def test_prompts_of_a_cycle_have_distinct_ids_and_seeds() -> None:
    prompts = first_prompts(PlainBench(candidates=50))
    assert len({prompt.id for prompt in prompts}) == len({prompt.seed for prompt in prompts}) == 50


def test_another_run_seed_gives_other_sampling_seeds() -> None:
    seeds = [{prompt.seed for prompt in first_prompts(PlainBench(seed=seed))} for seed in (0, 1)]
    assert not seeds[0] & seeds[1]


def test_exemplars_come_from_the_stronger_half_of_the_admitted() -> None:
    bench = PlainBench(candidates=30, template="instruct", exemplars=1)
    bench.judge(
        [Proposal(program=program(f"conv{letter} relu{letter}")) for letter in "abcd"], (0.4, 0.9, 0.5, 0.8)
    )
    prompts = first_prompts(bench)
    assert {identifier for prompt in prompts for identifier in prompt.exemplar_ids} == {
        "c000/0001",
        "c000/0003",
    }
    assert all("nn.Conv" in prompt.messages[-1].content for prompt in prompts)


def test_a_cycle_that_has_begun_is_asked_for_what_it_lacks() -> None:
    bench = PlainBench(candidates=10)
    bench.judge([Proposal(program=None)] * 7, [None] * 7)
    assert [prompt.id for prompt in first_prompts(bench)] == ["c000/p0007", "c000/p0008", "c000/p0009"]
