"""Several real endpoints as one sampler: each prompt is answered once, by the endpoint of its place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from pydantic import ValidationError

from generator.config.generator import GeneratorConfig
from generator.config.serving import ServerConfig
from generator.samplers.contract import RequestRefused, UpstreamError, in_order
from generator.serving.samplers import server_sampler
from generator.serving.server_group import ServerGroup
from tests.endpoint_server import EndpointServer, silence, status
from tests.generator.test_endpoint import adapter_folder, prompts


@pytest.fixture
def servers() -> Iterator[list[EndpointServer]]:
    with ExitStack() as running:
        yield [running.enter_context(EndpointServer()) for _ in range(3)]


def group(servers: list[EndpointServer]) -> ServerGroup:
    first, *more = [server.url for server in servers]
    config = ServerConfig(url=first, more_urls=tuple(more), backoff_seconds=0.01, attempts=2)
    made = server_sampler(
        GeneratorConfig(sampler="server", server=config, template="instruct"),
        lora_rank=8,
        log_file=Path("/dev/null"),
        notify=lambda _: None,
    )
    assert isinstance(made, ServerGroup)
    return made


def test_prompts_are_shared_out_by_their_places(servers: list[EndpointServer]) -> None:
    asked = prompts(*range(8))
    samples = list(in_order(asked, group(servers).sample(asked, None)))
    assert [sample.text for sample in samples] == [f"tiny/{seed}/question" for seed in range(8)]
    by_server = [sorted(body["seed"] for body in server.chats()) for server in servers]
    assert by_server == [[0, 3, 6], [1, 4, 7], [2, 5]]


def test_an_adapter_is_loaded_into_each_and_taken_off_each(
    servers: list[EndpointServer], tmp_path: Path
) -> None:
    sampler, asked = group(servers), prompts(*range(6))
    texts = [sample.text for sample in sampler.sample(asked, adapter_folder(tmp_path / "adapter"))]
    assert len(texts) == 6 and not any(text.startswith("tiny/") for text in texts)
    assert [len(server.adapters) for server in servers] == [1, 1, 1]
    sampler.close()
    assert [server.adapters for server in servers] == [[], [], []]


def test_what_others_answered_is_kept_where_one_endpoint_fails(servers: list[EndpointServer]) -> None:
    servers[1].faults.extend([status(500)] * 9)
    heard = []
    with pytest.raises(UpstreamError, match="500"):
        for sample in group(servers).sample(prompts(*range(6)), None):
            heard.append(int(sample.prompt_id[1:]))
    assert sorted(heard) == [0, 2, 3, 5]


def test_a_completion_is_handed_over_while_another_endpoint_is_slow(servers: list[EndpointServer]) -> None:
    servers[0].faults.append(silence(1.5))
    start = time.monotonic()
    with closing(group(servers).sample(prompts(0, 1), None)) as samples:
        assert next(samples).prompt_id == "p1"
        assert time.monotonic() - start < 1.4


def test_endpoints_of_different_models_are_refused_before_they_are_asked() -> None:
    with EndpointServer() as first, EndpointServer(model="other") as second:
        with pytest.raises(RequestRefused, match=r"serve different models \(tiny, other\)"):
            list(group([first, second]).sample(prompts(1, 2), None))
        assert first.chats() == second.chats() == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"more_urls": ["http://b:1/v1"]}, "set it to the first endpoint"),
        ({"url": "http://a:1/v1", "more_urls": ["b:1"]}, "every url must start with http"),
    ],
)
def test_addresses_that_cannot_be_used_are_named(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ServerConfig.model_validate(settings)
