"""Whatever an endpoint sends, a bounded part of it is read, in a bounded time."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from typing import Any

import pytest

from corpus.records.prompts import Message, Prompt, SamplingParameters
from generator.config.serving import ServerConfig
from generator.samplers.contract import (
    Choice,
    JsonSchema,
    Regex,
    Sample,
    SamplingOptions,
    UnsupportedOption,
    UpstreamError,
)
from generator.serving.endpoint_sampler import EndpointSampler
from generator.serving.transport import MAX_BODY_BYTES
from tests.endpoint_server import EndpointServer, Handler, answer, document

PROMPT = Prompt(
    id="p1", strategy="s", template="t", seed=1, messages=(Message(role="user", content="question"),)
)


def sampler(url: str, **settings: Any) -> EndpointSampler:
    settings = {"backoff_seconds": 0.01, "attempts": 2, **settings}
    return EndpointSampler(ServerConfig(url=url, **settings), SamplingParameters())


def ask(server: EndpointServer, **settings: Any) -> Sample:
    (sample,) = sampler(server.url, **settings).sample([PROMPT], None)
    return sample


def endless(handler: Handler) -> None:
    """Send zeros until the other side hangs up."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(100_000):
            handler.wfile.write(bytes(100_000))
    except OSError:
        handler.close_connection = True


def packed(handler: Handler) -> None:
    """Send a gigabyte of blanks, packed."""
    body = gzip.compress(b" " * 30_000_000) * 35
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    try:
        handler.wfile.write(body)
    except OSError:
        handler.close_connection = True


def dripping(handler: Handler) -> None:
    """Send a byte now and then, so that no single wait is long."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(200):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        handler.close_connection = True


@pytest.mark.parametrize("fault", [endless, packed])
def test_an_answer_without_end_is_not_read_to_its_end(fault: Any) -> None:
    with EndpointServer(fault, fault) as server:
        tracemalloc.start()
        try:
            with pytest.raises(UpstreamError, match=f"more than {MAX_BODY_BYTES} bytes"):
                ask(server)
            assert tracemalloc.get_traced_memory()[1] < 10 * MAX_BODY_BYTES
        finally:
            tracemalloc.stop()


def test_an_answer_that_drips_is_not_waited_for() -> None:
    start = time.monotonic()
    with (
        EndpointServer(dripping) as server,
        pytest.raises(UpstreamError, match="request_timeout_seconds"),
    ):
        ask(server, request_timeout_seconds=1, attempts=1)
    assert time.monotonic() - start < 15


def test_an_answer_that_is_packed_wrongly_is_asked_for_again() -> None:
    def garbled(handler: Handler) -> None:
        handler.reply(200, "no gzip", {"Content-Encoding": "gzip"})

    with EndpointServer(garbled, document(answer("text"))) as server:
        assert ask(server).text == "text"


@pytest.mark.parametrize("tokens", [10**30, -5])
def test_a_count_of_tokens_that_cannot_be_is_none(tokens: int) -> None:
    with EndpointServer(document(answer("text", tokens=tokens))) as server:
        assert ask(server).token_count == 0


@pytest.mark.parametrize(
    ("settings", "known"),
    [
        ({}, (True, True, True)),
        ({"guide": "response_format"}, (True, False, False)),
        ({"guide": "none"}, (False, False, False)),
        ({"drop": ("response_format",)}, (False, True, True)),
        ({"guide": "response_format", "drop": ("response_format",)}, (False, False, False)),
    ],
)
def test_a_sampler_says_by_what_its_endpoint_masks_and_refuses_the_rest(
    settings: dict[str, Any], known: tuple[bool, ...]
) -> None:
    guides = (JsonSchema(document={}), Choice(options=("a",)), Regex(pattern="a"))
    with EndpointServer() as server:
        source = sampler(server.url, **settings)
        assert tuple(source.guides(guide) for guide in guides) == known
        for guide, masks in zip(guides, known, strict=True):
            asked = source.sample([PROMPT], None, SamplingOptions(guide=guide))
            if masks:
                assert len(list(asked)) == 1
            else:
                with pytest.raises(UnsupportedOption, match=r"generator\.server\.guide"):
                    next(asked)
