"""A decider over a real endpoint and a real model in this process: each answer's path is the true one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from corpus.records.prompts import Message, SamplingParameters
from corpus.records.search.calls import AnswerPath
from generator.config.serving import ServerConfig
from generator.deciders.building import build_decider
from generator.deciders.contract import Decider
from generator.samplers.contract import RequestRefused, Sampler
from generator.samplers.transformers import TransformersSampler
from generator.serving.endpoint_sampler import EndpointSampler
from tests.endpoint_server import EndpointServer, answer, document
from tests.finetune.tiny_model import build_tiny_model

CHAT = (Message(role="system", content="Be brief."), Message(role="user", content="What next?"))
OPTIONS = ("widen", "deepen", "swap")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"prefer": {"enum": ["conv", "pool"]}},
    "required": ["prefer"],
}
GOOD = '{"prefer": "conv"}'


def over(server: EndpointServer, guide: str) -> Decider:
    config = ServerConfig.model_validate({"url": server.url, "guide": guide, "backoff_seconds": 0.01})
    sampler = EndpointSampler(config, SamplingParameters(max_new_tokens=50))
    return build_decider("generator", lambda: sampler)


def saying(*texts: str, reason: str = "stop") -> EndpointServer:
    """Return an endpoint that gives these answers in turn, each of 4 tokens."""
    return EndpointServer(*(document(answer(text, reason, tokens=5)) for text in texts))


def test_free_text_is_the_models_own() -> None:
    with saying("Try wider stages.") as server:
        found = over(server, "none").generate(CHAT, seed=7)
        (sent,) = server.chats()
    assert (found.value, found.path, found.model, found.token_count) == (
        "Try wider stages.", AnswerPath.FREE, "tiny", 4,
    )  # fmt: skip
    assert found.text is None
    assert sent["seed"] == 7 and [turn["role"] for turn in sent["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    ("guide", "field"),
    [("structured_outputs", "response_format"), ("response_format", "response_format"), ("none", None)],
)
def test_a_document_is_masked_as_the_settings_say(guide: str, field: str | None) -> None:
    with saying(GOOD) as server:
        found = over(server, guide).json(CHAT, SCHEMA, seed=1)
        (sent,) = server.chats()
    assert found.value == {"prefer": "conv"} and found.text == GOOD
    assert found.path is (AnswerPath.PARSED if field is None else AnswerPath.GUIDED)
    assert {"response_format", "structured_outputs"} & set(sent) == ({field} if field else set())
    if field:
        assert sent[field]["json_schema"]["schema"] == SCHEMA
        assert sent["messages"][-1]["content"] == "What next?"
    else:
        assert '"enum": ["conv", "pool"]' in sent["messages"][-1]["content"]


def test_a_server_that_ignores_the_mask_is_not_said_to_have_masked() -> None:
    with saying(f"Sure! {GOOD}") as server:
        found = over(server, "response_format").json(CHAT, SCHEMA, seed=1)
    assert (found.value, found.path) == ({"prefer": "conv"}, AnswerPath.PARSED)


def test_a_second_try_names_the_fault_and_both_are_paid_for() -> None:
    with saying('{"prefer": "neither"}', GOOD) as server:
        found = over(server, "none").json(CHAT, SCHEMA, seed=1)
        first, second = server.chats()
    assert (found.value, found.path, found.token_count) == ({"prefer": "conv"}, AnswerPath.PARSED, 8)
    roles = [turn["role"] for turn in second["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert second["messages"][2]["content"] == '{"prefer": "neither"}'
    assert "$.prefer: 'neither' is not one of" in second["messages"][3]["content"]
    assert first["seed"] != second["seed"]


def test_an_answer_that_was_cut_off_is_called_so() -> None:
    with EndpointServer(document(answer('{"prefer":', "length")), document(answer(GOOD))) as server:
        assert over(server, "none").json(CHAT, SCHEMA, seed=1).path is AnswerPath.PARSED
        assert "cut off" in server.chats()[1]["messages"][-1]["content"]


def test_after_two_useless_answers_the_rule_has_the_word() -> None:
    with saying("I cannot.", "I will not.") as server:
        found = over(server, "none").json(CHAT, SCHEMA, seed=1)
        assert len(server.chats()) == 2
    assert (found.value, found.path, found.token_count) == (None, AnswerPath.RULE, 8)
    assert (found.text, found.model) == ("I will not.", "tiny")


def test_a_refused_prompt_is_left_to_the_rule_and_a_choice_to_chance() -> None:
    def refuses(body: dict[str, Any]) -> str | None:
        return "filtered" if "What next?" in body["messages"][-1]["content"] else None

    with EndpointServer(refuses=refuses) as server:
        assert over(server, "none").generate(CHAT, seed=1).path is AnswerPath.RULE
        assert over(server, "none").json(CHAT, SCHEMA, seed=1).path is AnswerPath.RULE
        chosen = over(server, "none").choose(CHAT, OPTIONS, seed=1)
    assert chosen.path is AnswerPath.CHANCE and chosen.value in OPTIONS


def test_two_refused_questions_in_a_row_stop_the_search_with_the_servers_words() -> None:
    def refuses(body: dict[str, Any]) -> str | None:
        return "too long" if body["messages"][-1]["content"] == "What next?" else None

    with EndpointServer(refuses=refuses) as server:
        decider = over(server, "none")
        decider.generate(CHAT, seed=1)
        with pytest.raises(RequestRefused, match="too long"):
            decider.generate(CHAT, seed=2)


@pytest.mark.parametrize(
    ("guide", "text", "path"),
    [
        ("structured_outputs", "deepen", AnswerPath.GUIDED),
        ("response_format", '{"choice": "deepen"}', AnswerPath.GUIDED),
        ("none", "I would deepen it.", AnswerPath.PARSED),
        ("structured_outputs", "I would deepen it.", AnswerPath.PARSED),
    ],
)
def test_a_choice_is_asked_for_as_the_endpoint_knows_it(guide: str, text: str, path: AnswerPath) -> None:
    with saying(text) as server:
        found = over(server, guide).choose(CHAT, OPTIONS, seed=1)
        (sent,) = server.chats()
    assert (found.value, found.path) == ("deepen", path)
    if guide == "structured_outputs":
        assert sent["structured_outputs"] == {"choice": list(OPTIONS)}
    elif guide == "response_format":
        schema = sent["response_format"]["json_schema"]["schema"]
        assert schema["properties"]["choice"]["enum"] == list(OPTIONS)
    else:
        assert '"widen", "deepen", "swap"' in sent["messages"][-1]["content"]


def test_a_model_that_names_no_option_leaves_the_choice_to_its_seed() -> None:
    def chosen(seed: int) -> Any:
        with saying("Hm.", "Hm.") as server:
            return over(server, "none").choose(CHAT, OPTIONS, seed=seed)

    answers = [chosen(seed) for seed in range(8)]
    assert {found.path for found in answers} == {AnswerPath.CHANCE}
    assert len({found.value for found in answers}) > 1
    assert chosen(0) == answers[0] and answers[0].token_count == 8


def test_an_endpoint_that_refuses_the_guide_is_named_with_the_remedy() -> None:
    def refuses(body: dict[str, Any]) -> str | None:
        return "Unrecognized request argument: structured_outputs" if "structured_outputs" in body else None

    with (
        EndpointServer(refuses=refuses) as server,
        pytest.raises(RequestRefused, match=r"generator\.server\.guide = 'response_format' or 'none'"),
    ):
        over(server, "structured_outputs").choose(CHAT, OPTIONS, seed=1)


def test_what_a_ledger_cannot_hold_does_not_leave_the_decider() -> None:
    with saying("half \ud83d" + "a" * 300_000) as server:
        found = over(server, "none").generate(CHAT, seed=1)
    assert isinstance(found.value, str) and found.value.startswith("half ?a")
    assert len(found.value) == 250_000
    assert found.model_dump_json()


@pytest.fixture(scope="module")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Sampler]:
    model = build_tiny_model(tmp_path_factory.mktemp("tiny") / "model", hidden=32, intermediate=32)
    sampler = TransformersSampler(model, SamplingParameters(max_new_tokens=12), batch_size=4)
    return lambda: sampler


def test_the_likeliest_option_is_chosen_whatever_the_seed(in_process: Callable[[], Sampler]) -> None:
    answers = [build_decider("generator", in_process).choose(CHAT, OPTIONS, seed=seed) for seed in (1, 2)]
    scores = in_process().score(CHAT, OPTIONS, None)
    assert answers[0] == answers[1]
    assert answers[0].path is AnswerPath.GUIDED and answers[0].token_count == 0
    assert answers[0].value == OPTIONS[scores.index(max(scores))]


def test_a_model_that_knows_no_json_leaves_it_to_the_rule(in_process: Callable[[], Sampler]) -> None:
    found = build_decider("generator", in_process).json(CHAT, SCHEMA, seed=1)
    assert found.path is AnswerPath.RULE and found.token_count > 12


def test_a_chat_that_fills_the_context_is_left_to_rule_and_chance(in_process: Callable[[], Sampler]) -> None:
    long = (Message(role="user", content="question " * 2000),)
    decider = build_decider("generator", in_process)
    assert decider.generate(long, seed=1).path is AnswerPath.RULE
    assert decider.json(long, SCHEMA, seed=1).path is AnswerPath.RULE
    assert decider.choose(long, OPTIONS, seed=1).path is AnswerPath.CHANCE
