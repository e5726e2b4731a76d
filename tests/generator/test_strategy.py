"""The closed loop's prompts: one request, many seeds, exemplars from the stronger half."""

from __future__ import annotations

from pathlib import Path

from corpus.config import CorpusConfig
from corpus.records.base import TaskShape
from generator.prompts.templates import ProgramRequest
from generator.strategies.closed_loop import ClosedLoop
from tests.ledgers import new_corpus, program, write_cycle

REQUEST = ProgramRequest(
    shape=TaskShape(channels=1, height=12, width=12, classes=10), max_parameters=500_000, target_accuracy=0.3
)


def test_prompts_of_a_cycle_have_distinct_ids_and_seeds() -> None:
    prompts = ClosedLoop(REQUEST, template="compact", exemplars=0, seed=0).propose(None, 3, 50)
    assert len({prompt.id for prompt in prompts}) == len({prompt.seed for prompt in prompts}) == 50


def test_another_run_seed_gives_other_sampling_seeds() -> None:
    seeds = [
        {p.seed for p in ClosedLoop(REQUEST, template="compact", exemplars=0, seed=s).propose(None, 0, 20)}
        for s in (0, 1)
    ]
    assert not seeds[0] & seeds[1]


def test_exemplars_come_from_the_stronger_half_of_the_admitted(tmp_path: Path) -> None:
    programs = [
        (program(f"conv{letter} relu{letter}"), score)
        for letter, score in zip("abcd", (0.4, 0.9, 0.5, 0.8), strict=True)
    ]
    with new_corpus(tmp_path) as ledger:
        write_cycle(ledger, 0, programs, CorpusConfig(min_accuracy=0.3))
        prompts = ClosedLoop(REQUEST, template="instruct", exemplars=1, seed=0).propose(ledger, 1, 30)
    assert {identifier for prompt in prompts for identifier in prompt.exemplar_ids} == {
        "c000/0001",
        "c000/0003",
    }
    assert all("nn.Conv" in prompt.messages[-1].content for prompt in prompts)
