"""The decider without a model: nothing is made up, and options are drawn fairly and by the seed alone."""

from __future__ import annotations

from collections import Counter

from corpus.records.prompts import Message
from corpus.records.search.calls import AnswerPath
from generator.deciders.building import build_decider
from generator.samplers.contract import Sampler

CHAT = (Message(role="user", content="question"),)
OPTIONS = ("widen", "deepen", "swap")


def no_sampler() -> Sampler:
    raise AssertionError("a decider without a model asks for none")


DECIDER = build_decider("none", no_sampler)


def test_texts_and_documents_are_left_to_the_rule_of_whoever_asks() -> None:
    for answer in (DECIDER.generate(CHAT, seed=1), DECIDER.json(CHAT, {"type": "object"}, seed=1)):
        assert answer.value is None and answer.path is AnswerPath.RULE
        assert answer.model is None and answer.token_count == 0


def test_an_option_is_drawn_by_the_seed_alone() -> None:
    answers = [DECIDER.choose(CHAT, OPTIONS, seed=seed) for seed in range(20)]
    assert answers == [DECIDER.choose((), OPTIONS, seed=seed) for seed in range(20)]
    assert {answer.path for answer in answers} == {AnswerPath.CHANCE}


def test_every_option_is_drawn_equally_often() -> None:
    counts = Counter(DECIDER.choose(CHAT, OPTIONS, seed=seed).value for seed in range(3000))
    assert set(counts) == set(OPTIONS)
    assert min(counts.values()) > 900
