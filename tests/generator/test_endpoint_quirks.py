"""Endpoints as they are: answers worded otherwise, fields refused, prompts refused, listings that lack."""

from __future__ import annotations

import threading
import time
from email.utils import formatdate
from typing import Any

import pytest
from pydantic import ValidationError

from corpus.records.prompts import FinishReason, Message, Prompt, SamplingParameters
from generator.config.serving import ServerConfig
from generator.samplers.contract import RequestRefused, Sample, UpstreamError
from generator.serving.endpoint_sampler import EndpointSampler
from generator.serving.transport import is_this_machine
from tests.endpoint_server import EndpointServer, Handler, Refuses, answer, document, status


def prompts(*seeds: int, system: bool = False) -> list[Prompt]:
    turns = (Message(role="system", content="Be brief."),) if system else ()
    return [
        Prompt(
            id=f"p{seed}", strategy="s", template="compact", seed=seed,
            messages=(*turns, Message(role="user", content=f"question {seed}")),
        )
        for seed in seeds
    ]  # fmt: skip


def sampler(server: EndpointServer, **settings: Any) -> EndpointSampler:
    defaults = {"url": server.url, "backoff_seconds": 0.01, "request_timeout_seconds": 5, "attempts": 3}
    return EndpointSampler(ServerConfig(**{**defaults, **settings}), SamplingParameters())


def ask(server: EndpointServer, *seeds: int, **settings: Any) -> dict[str, Sample]:
    samples = sampler(server, **settings).sample(prompts(*seeds), None)
    return {sample.prompt_id: sample for sample in samples}


def refusing(*seeds: int, words: str = "the prompt was filtered") -> Refuses:
    return lambda body: words if body["messages"][-1]["content"] in [f"question {s}" for s in seeds] else None


# Answers


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("eos", FinishReason.STOP),
        ("eos_token", FinishReason.STOP),
        ("STOP", FinishReason.STOP),
        ("max_tokens", FinishReason.LENGTH),
        ("MAX_TOKENS", FinishReason.LENGTH),
        ("tool_calls", FinishReason.OTHER),
        ("something of its own", FinishReason.OTHER),
        (None, FinishReason.OTHER),
        (7, FinishReason.OTHER),
    ],
)
def test_whatever_ends_an_answer_it_is_taken(word: Any, reason: FinishReason) -> None:
    with EndpointServer(document(answer("text", word))) as server:
        (sample,) = ask(server, 1).values()
    assert (sample.text, sample.finish_reason) == ("text", reason)


@pytest.mark.parametrize(
    ("message", "word", "words"),
    [
        ({"content": "half a pro"}, "content_filter", "content_filter"),
        ({"content": None}, "SAFETY", "SAFETY"),
        ({"content": None, "refusal": "I will not"}, "stop", "I will not"),
    ],
)
def test_a_filtered_answer_holds_no_text_and_the_servers_words(
    message: dict[str, Any], word: str, words: str
) -> None:
    filtered = {"choices": [{"message": message, "finish_reason": word}]}
    with EndpointServer(document(filtered)) as server:
        (sample,) = ask(server, 1).values()
    assert (sample.text, sample.finish_reason) == ("", FinishReason.REFUSED)
    assert words in (sample.refusal or "")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "one "}, {"type": "text", "text": "two"}], "one two"),
        ([{"type": "thinking", "thinking": [{"text": "hm"}]}, {"type": "text", "text": "two"}], "two"),
        (["one ", "two"], "one two"),
        ([], ""),
        (None, ""),
    ],
)
def test_content_is_text_or_parts_or_nothing(content: Any, text: str) -> None:
    reply = answer("", "stop")
    reply["choices"][0]["message"] = {"content": content, "reasoning_content": "class Net: thought of"}
    with EndpointServer(document(reply)) as server:
        assert ask(server, 1)["p1"].text == text


@pytest.mark.parametrize("usage", [None, {}, {"completion_tokens": None}, "absent"])
def test_tokens_that_nobody_counts_are_none(usage: Any) -> None:
    reply = answer("text")
    if usage == "absent":
        del reply["usage"]
    else:
        reply["usage"] = usage
    with EndpointServer(document(reply)) as server:
        assert ask(server, 1)["p1"].token_count == 0


def test_an_error_in_place_of_an_answer_is_tried_again_and_quoted() -> None:
    broken = document({"choices": None, "error": {"message": "provider\n\x1b[31merror"}})
    cut = document({"choices": [{"message": {"content": "half"}, "finish_reason": "error"}]})
    with EndpointServer(broken, cut) as server:
        assert ask(server, 1)["p1"].text.startswith("tiny/1")
    with EndpointServer(*[broken] * 3) as server, pytest.raises(UpstreamError, match="provider") as raised:
        ask(server, 1)
    assert str(raised.value).isprintable()


# Fields


@pytest.mark.parametrize(
    ("field", "remedy", "settings"),
    [
        ("seed", r"drop = \[\"seed\"\]", {"drop": ("seed",)}),
        ("temperature", r"drop = \[\"temperature\"\]", {"drop": ("temperature",)}),
        ("max_tokens", r"drop = \[\"max_tokens\"\]", {"rename": {"max_tokens": "max_completion_tokens"}}),
    ],
)
def test_a_field_that_is_refused_is_named_with_the_setting_that_helps(
    field: str, remedy: str, settings: dict[str, Any]
) -> None:
    with EndpointServer(refuses=lambda body: f"unknown name '{field}'" if field in body else None) as server:
        with pytest.raises(RequestRefused, match=f"unknown name '{field}'.*generator.server.{remedy}"):
            ask(server, 1)
        assert ask(server, 1, **settings)["p1"].text.startswith("tiny/")


def test_a_field_that_has_another_name_is_renamed() -> None:
    words = "max_tokens is not supported: use max_completion_tokens"
    with EndpointServer(refuses=lambda body: words if "max_tokens" in body else None) as server:
        with pytest.raises(RequestRefused, match=r'rename = \{ max_tokens = "max_completion_tokens" \}'):
            ask(server, 1)
        ask(server, 1, rename={"max_tokens": "max_completion_tokens"})
        assert server.chats()[-1]["max_completion_tokens"] == SamplingParameters().max_new_tokens


def test_further_fields_win_over_ours() -> None:
    with EndpointServer() as server:
        ask(server, 1, extra={"reasoning_effort": "low", "temperature": 1.0})
        body = server.chats()[-1]
    assert (body["reasoning_effort"], body["temperature"]) == ("low", 1.0)


@pytest.mark.parametrize(
    "settings", [{"drop": ("messages",)}, {"rename": {"model": "x"}}, {"extra": {"model": "x"}}]
)
def test_what_a_request_is_made_of_cannot_be_dropped(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="but model and messages"):
        ServerConfig(url="http://host/v1", **settings)


def test_a_server_without_a_system_turn_gets_its_text_in_the_users() -> None:
    def roles(body: dict[str, Any]) -> str | None:
        return "System role not supported" if body["messages"][0]["role"] == "system" else None

    with EndpointServer(refuses=roles) as server:
        for settings in ({}, {"system_turn": False}):
            samples = sampler(server, **settings).sample(prompts(1, 2, system=True), None)
            if settings:
                assert "Be brief.\n\nquestion" in next(samples).text
            else:
                with pytest.raises(RequestRefused, match=r"generator\.server\.system_turn"):
                    list(samples)


# Prompts that are refused


def test_a_prompt_that_is_refused_for_ever_is_answered_with_the_servers_words() -> None:
    with EndpointServer(refuses=refusing(2)) as server:
        samples = ask(server, 1, 2, 3)
    assert (samples["p2"].text, samples["p2"].finish_reason) == ("", FinishReason.REFUSED)
    assert samples["p2"].refusal == "HTTP 400: the prompt was filtered"
    assert all(samples[name].text.startswith("tiny/") for name in ("p1", "p3"))


def test_the_last_prompt_of_a_run_may_be_a_refused_one() -> None:
    with EndpointServer(refuses=refusing(2)) as server:
        assert ask(server, 2)["p2"].finish_reason is FinishReason.REFUSED


def test_a_run_of_refusals_ends_the_call() -> None:
    with (
        EndpointServer(refuses=refusing(1, 2, 3)) as server,
        pytest.raises(RequestRefused, match="the prompt was filtered"),
    ):
        ask(server, 1, 2, 3)


def test_two_calls_of_refusals_in_a_row_end_the_second() -> None:
    with EndpointServer(refuses=refusing(1, 2)) as server:
        source = sampler(server)
        assert len(list(source.sample(prompts(1), None))) == 1
        with pytest.raises(RequestRefused, match="the prompt was filtered"):
            list(source.sample(prompts(2), None))


def test_a_server_that_begins_to_refuse_everything_ends_the_call() -> None:
    """The credit is used up within a batch: what follows is not the prompts' fault."""
    asked: list[int] = []

    def credit(body: dict[str, Any]) -> str | None:
        asked.append(1)
        return "your credit is used up" if len(asked) > 2 else None

    with EndpointServer(refuses=credit) as server:
        samples = sampler(server, concurrency=1).sample(prompts(1, 2, 3, 4), None)
        assert [next(samples).finish_reason for _ in range(2)] == [FinishReason.STOP] * 2
        with pytest.raises(RequestRefused, match="credit"):
            next(samples)


def test_what_is_under_way_is_kept_where_patience_with_one_ends() -> None:
    with EndpointServer(*[status(500)] * 3) as server:
        got, samples = [], sampler(server, concurrency=1, attempts=3).sample(prompts(1, 2), None)
        with pytest.raises(UpstreamError, match="500"):
            got += list(samples)
        assert len(server.chats()) == 3  # the second prompt was never asked

    def slow(handler: Handler) -> None:
        time.sleep(0.3)
        handler.reply(200, answer("slow"))

    with EndpointServer(slow, status(500), status(500)) as server:
        texts = []
        with pytest.raises(UpstreamError, match="500"):
            for sample in sampler(server, attempts=2, concurrency=2).sample(prompts(1, 2), None):
                texts.append(sample.text)
    assert texts == ["slow"]


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    flying, most, lock = [0], [0], threading.Lock()

    def counting(body: dict[str, Any]) -> None:
        with lock:
            flying[0] += 1
            most[0] = max(most[0], flying[0])
        time.sleep(0.02)
        with lock:
            flying[0] -= 1

    with EndpointServer(refuses=counting) as server:
        assert len(ask(server, *range(12), concurrency=3)) == 12
    assert most[0] == 3


# Names and places


@pytest.mark.parametrize(
    ("lists", "model", "asked"),
    [("{}", None, "tiny"), (None, "tiny", "tiny"), ("models/{}", "tiny", "tiny")],
    ids=["listed", "no-listing", "listed-with-a-prefix"],
)
def test_a_model_is_asked_for_by_its_name(lists: str | None, model: str | None, asked: str) -> None:
    with EndpointServer(lists=lists) as server:
        ask(server, 1, model=model)
        assert server.chats()[-1]["model"] == asked


def test_without_a_listing_a_model_must_be_named() -> None:
    with EndpointServer(lists=None) as server, pytest.raises(RequestRefused, match="404"):
        ask(server, 1)


@pytest.mark.parametrize("model", [None, "tiny"])
def test_a_url_without_a_version_is_pointed_out(model: str | None) -> None:
    with EndpointServer() as server:
        url = server.url.removesuffix("/v1")
        with pytest.raises(RequestRefused, match=f"404.*generator.server.url = '{server.url}'"):
            ask(server, 1, url=url, model=model)


@pytest.mark.parametrize("url", ["http://", "http://[::1/v1", "http://host:port/v1", "https:///v1"])
def test_a_url_that_names_no_host_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="name a host"):
        ServerConfig(url=url)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://0.0.0.0:8000/v1", True),
        ("http://10.0.0.7/v1", False),
        ("https://api.example/v1", False),
        ("https://localhost.example/v1", False),
    ],
)
def test_this_machine_is_told_from_others(url: str, here: bool) -> None:
    assert is_this_machine(url) is here


@pytest.mark.parametrize("host", ["model.invalid", "127.0.0.1"])
def test_a_proxy_stands_before_other_machines_alone(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with EndpointServer() as server:
        proxy = server.url.removesuffix("/v1")
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        port = server.server_address[1]
        ask(server, 1, url=f"http://{host}:{port}/v1")
        assert bool(server.proxied) is (host == "model.invalid")


def test_a_proxy_that_cannot_be_used_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks4://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:9")
    config = ServerConfig(url="http://model.invalid/v1")
    with pytest.raises(RequestRefused, match="NO_PROXY"):
        list(EndpointSampler(config, SamplingParameters()).sample(prompts(1), None))


@pytest.mark.parametrize(
    ("asks", "waits"),
    [
        (lambda: "0.4", True),
        (lambda: formatdate(time.time() + 2, usegmt=True), True),
        (lambda: formatdate(time.time() - 60, usegmt=True), False),
        (lambda: "-5", False),
        (lambda: "nan", False),
        (lambda: "inf", False),
        (lambda: "soon", False),
        (lambda: "Mon, 99 Foo 2000 00:00:00 GMT", False),
    ],
    ids=["fraction", "date", "past", "negative", "nan", "inf", "word", "no-date"],
)
def test_retry_after_in_every_form(asks: Any, waits: bool) -> None:
    with EndpointServer(status(429, Retry_After=asks())) as server:
        start = time.monotonic()
        assert len(ask(server, 1)) == 1
    assert (time.monotonic() - start >= 0.4) is waits
