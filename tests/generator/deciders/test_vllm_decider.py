"""A decider over vLLM itself, on the embedded model and on this machine's CPU: every answer has its form."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from corpus.records.prompts import Message, SamplingParameters
from corpus.records.search.calls import AnswerPath
from generator.config.serving import EngineConfig, ServerConfig
from generator.deciders.building import build_decider
from generator.deciders.contract import Decider
from generator.deciders.documents import document_in
from generator.embedded import embedded_model_path

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None, reason="no vLLM here: bash scripts/install_vllm"
    ),
]

CHAT = (Message(role="user", content="1x12x12 images, 10 classes, at most 20000 parameters"),)
OPTIONS = ("widen", "deepen", "swap an operator")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"prefer": {"enum": ["conv", "pool"]}, "explore": {"type": "boolean"}},
    "required": ["prefer", "explore"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def decider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decider]:
    from generator.serving.endpoint_sampler import EndpointSampler
    from generator.serving.vllm.server import VllmServer

    log, model = tmp_path_factory.mktemp("server") / "vllm.log", embedded_model_path()
    config = ServerConfig()
    with VllmServer(model, EngineConfig(), config, device="cpu", threads=1, log_file=log) as server:
        sampler = EndpointSampler(config, SamplingParameters(max_new_tokens=200), server=server)
        yield build_decider("generator", lambda: sampler)


def test_every_document_of_a_masked_model_is_what_the_schema_accepts(decider: Decider) -> None:
    answers = [decider.json(CHAT, SCHEMA, seed=seed) for seed in range(20)]
    assert {answer.path for answer in answers} == {AnswerPath.GUIDED}
    for answer in answers:
        assert answer.text is not None and document_in(answer.text, SCHEMA).value == answer.value
        assert answer.token_count > 0 and answer.model == "embedded"
    assert len({str(answer.value) for answer in answers}) > 1


def test_every_choice_of_a_masked_model_is_an_option(decider: Decider) -> None:
    answers = [decider.choose(CHAT, OPTIONS, seed=seed) for seed in range(20)]
    assert {answer.path for answer in answers} == {AnswerPath.GUIDED}
    assert {answer.value for answer in answers} <= set(OPTIONS)


def test_free_text_is_repeated_by_its_seed(decider: Decider) -> None:
    first, again = (decider.generate(CHAT, seed=3) for _ in range(2))
    assert first == again
    assert first.path is AnswerPath.FREE and first.value


def test_a_chat_that_fills_the_context_is_left_to_the_rule(decider: Decider) -> None:
    long = (Message(role="user", content="class " * 2500),)
    assert decider.json(long, SCHEMA, seed=1).path is AnswerPath.RULE
    assert decider.choose(CHAT, OPTIONS, seed=1).path is AnswerPath.GUIDED
    assert decider.choose(long, OPTIONS, seed=1).path is AnswerPath.CHANCE
