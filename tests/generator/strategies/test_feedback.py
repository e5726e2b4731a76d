"""Feedback memory: what the prompts tell of the last attempts, and who said what to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.prompts import Prompt
from corpus.records.search.calls import Answer, AnswerPath
from corpus.records.search.proposals import DecidedBy, Proposal
from corpus.records.search.trials import Trial
from generator.strategies.contract import Conversation
from generator.strategies.feedback.strategy import FeedbackMemory, Settings
from tests.generator.strategies.benches import PlainBench, trial
from tests.ledgers import program

ADVICE = {"problem": "it is too narrow", "suggestion": "double the width of the first stage"}


class Told:
    """A search whose trials are given: a score, or None for a program whose shapes do not fit."""

    def __init__(self, bench: PlainBench, **settings: Any) -> None:
        self.bench = bench
        self._search: Conversation = FeedbackMemory(Settings(**settings)).search(bench)
        self.proposals: list[Proposal] = next(self._search)

    def hear(self, *scores: float | None) -> None:
        trials = [
            judged(self.bench.place + offset, proposal, score)
            for offset, (proposal, score) in enumerate(zip(self.proposals, scores, strict=True))
        ]
        self.bench.place += len(trials)
        self.proposals = self._search.send(trials)

    @property
    def text(self) -> str:
        (proposal,) = self.proposals
        assert isinstance(proposal.program, Prompt)
        return proposal.program.messages[-1].content


def judged(number: int, proposal: Proposal, score: float | None) -> Trial:
    """Return the trial of a proposal that was answered by a program of its own number."""
    told = trial(number, proposal, score)
    source = program(f"conv{'abcdefghijklmnop'[number]}")
    failed = {"error_type": "RuntimeError", "error": "mat1 and mat2 do not fit"} if score is None else {}
    return told._replace(
        candidate=told.candidate.model_copy(update={"source": source}),
        evaluation=told.evaluation.model_copy(update=failed),
    )


def answering(*values: Any, bench: PlainBench | None = None) -> PlainBench:
    """Return a bench whose model gives these answers."""
    bench = bench or PlainBench(candidates=100, template="instruct")
    bench.answers = [Answer(value=each, path=AnswerPath.PARSED, model="m", token_count=1) for each in values]
    return bench


def who(proposals: Sequence[Proposal]) -> dict[str, DecidedBy]:
    (proposal,) = proposals
    return {each.what: each.by for each in proposal.decisions}


def test_the_first_attempt_has_nothing_to_go_by() -> None:
    told = Told(answering(ADVICE))
    assert "attempt" not in told.text.lower() and not told.bench.asked
    assert told.proposals[0].operator == "ask" and not told.proposals[0].parents


def test_the_next_prompt_shows_the_best_program_the_attempts_and_the_advice() -> None:
    told = Told(answering(ADVICE, ADVICE))
    told.hear(0.5)
    told.hear(0.25)
    (proposal,) = told.proposals
    assert program("conva") in told.text and program("convb") not in told.text
    assert "Attempt 1: -> works, score 0.500" in told.text
    assert "double the width of the first stage -> works, score 0.250, -0.250 against the best" in told.text
    assert proposal.parents == ("c000/0000",) and proposal.operator == "improve"
    assert proposal.idea == ADVICE["suggestion"] and who(told.proposals)["advice"] is DecidedBy.MODEL


def test_a_failure_is_told_to_both_roles_in_the_evaluators_words() -> None:
    told = Told(answering(ADVICE))
    told.hear(None)
    words = "SHAPE_ERROR in stage forward: RuntimeError: mat1 and mat2 do not fit"
    role, asked = told.bench.asked[0]
    assert role == "improver" and words in asked and program("conva") in asked
    assert words in told.text and "```python\n" + program("conva").rstrip() not in told.text


@pytest.mark.parametrize("value", [None, [], {"problem": "", "suggestion": "x"}, {"problem": "x"}, "words"])
def test_what_is_no_advice_is_replaced_by_the_rule_and_marked(value: Any) -> None:
    told = Told(answering(value))
    told.hear(None)
    assert who(told.proposals)["advice"] is DecidedBy.RULE
    assert "Follow shapes through forward" in told.text


def test_without_a_model_a_success_brings_no_advice() -> None:
    told = Told(PlainBench(candidates=100, template="instruct"))
    told.hear(0.5)
    assert "advice" not in who(told.proposals) and "Change this next" not in told.text


def test_no_more_than_the_window_is_remembered() -> None:
    told = Told(answering(*[ADVICE] * 9), window=2)
    for score in (0.1, 0.2, 0.3, 0.4):
        told.hear(score)
    assert "Attempt 2:" not in told.text and "Attempt 3:" in told.text and "Attempt 4:" in told.text


def test_the_control_without_memory_knows_the_best_program_alone() -> None:
    told = Told(answering(*[ADVICE] * 9), window=0, improver="none")
    told.hear(0.5)
    told.hear(None)
    assert program("conva") in told.text and "ttempt" not in told.text and not told.bench.asked


def test_the_control_without_a_reference_shows_no_program() -> None:
    told = Told(answering(ADVICE), reference=False)
    told.hear(0.5)
    assert program("conva") not in told.text and not told.proposals[0].parents
    (_, asked) = told.bench.asked[0]
    assert program("conva") not in asked and "has the score 0.500." in asked


def test_a_batch_is_asked_with_what_was_known_before_it() -> None:
    told = Told(answering(*[ADVICE] * 9), batch=3)
    told.hear(0.5, None, 0.6)
    programs = [each.program for each in told.proposals]
    assert len({each.seed for each in programs if isinstance(each, Prompt)}) == 3
    assert all(each.parents == ("c000/0002",) for each in told.proposals)


def test_a_batch_ends_with_its_cycle() -> None:
    told = Told(answering(*[ADVICE] * 9, bench=PlainBench(candidates=4, template="instruct")), batch=3)
    told.hear(0.1, 0.2, 0.3)
    assert len(told.proposals) == 1


def test_every_failure_of_a_programs_text_has_a_remedy_of_its_own() -> None:
    blameless = {EvaluationStatus.COMPLETE, EvaluationStatus.STOPPED}
    for status in set(EvaluationStatus) - blameless:
        told = Told(PlainBench(candidates=100, template="instruct"))
        failed = judged(0, told.proposals[0], None)
        evaluation = failed.evaluation.model_copy(update={"status": status, "stage": Stage.LEARN})
        told.proposals = told._search.send([failed._replace(evaluation=evaluation)])
        assert "Change this next" in told.text, status
