"""The sampler over HTTP, against a real server that misbehaves on demand."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from safetensors.numpy import save_file

from corpus.records.adapters import adapter_hash
from corpus.records.prompts import FinishReason, Message, Prompt, SamplingParameters
from generator.config.generator import GeneratorConfig
from generator.config.serving import ServerConfig
from generator.samplers.contract import (
    Choice,
    Grammar,
    JsonSchema,
    Regex,
    RequestRefused,
    Sample,
    SamplingOptions,
    UpstreamError,
    in_order,
    sample_seed,
)
from generator.serving.adapter_probe import alike
from generator.serving.endpoint import Reply
from generator.serving.endpoint_sampler import EndpointSampler
from tests.endpoint_server import EndpointServer, Fault, Handler, answer, document, hang_up, silence, status


def prompts(*seeds: int) -> list[Prompt]:
    return [
        Prompt(
            id=f"p{seed}", strategy="s", template="compact", seed=seed,
            messages=(Message(role="user", content="question"),),
        )
        for seed in seeds
    ]  # fmt: skip


def sampler(server: EndpointServer, **settings: Any) -> EndpointSampler:
    settings = {"backoff_seconds": 0.01, "request_timeout_seconds": 5, "attempts": 4, **settings}
    return EndpointSampler(ServerConfig(url=server.url, **settings), SamplingParameters())


def adapter_folder(path: Path, weight: float = 1.0) -> Path:
    path.mkdir(exist_ok=True)
    (path / "adapter_config.json").write_text("{}")
    save_file({"lora_A.weight": np.full((2, 3), weight)}, path / "adapter_model.safetensors")
    return path


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with EndpointServer() as running:
        yield running


def test_each_prompt_is_answered_once_with_its_own_seed(server: EndpointServer) -> None:
    samples = in_order(prompts(3, 1, 2), sampler(server).sample(prompts(3, 1, 2), None))
    assert [sample.text for sample in samples] == [
        "tiny/3/question",
        "tiny/1/question",
        "tiny/2/question",
    ]


def test_a_completion_is_handed_over_before_a_slow_neighbour_is_finished() -> None:
    with EndpointServer(silence(1.5)) as server:
        start = time.monotonic()
        stream = sampler(server).sample(prompts(1, 2, 3), None)
        next(stream)
        assert time.monotonic() - start < 1.0
        assert len(list(stream)) == 2


def test_a_signal_in_the_middle_of_a_call_ends_it_and_leaves_nothing_open() -> None:
    told, answered = threading.Event(), threading.Event()

    def waits(handler: Handler) -> None:
        told.set()
        answered.wait(timeout=20)
        hang_up(handler)

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        with EndpointServer(waits) as server:
            asked = sampler(server)
            threading.Thread(
                target=lambda: told.wait(timeout=20) and os.kill(os.getpid(), signal.SIGUSR1)
            ).start()
            with pytest.raises(KeyboardInterrupt):
                list(asked.sample(prompts(0), None))
            answered.set()
            assert len(list(asked.sample(prompts(1, 2), None))) == 2
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_n_completions_have_seeds_of_their_own(server: EndpointServer) -> None:
    (prompt,) = prompts(7)
    samples = list(sampler(server).sample([prompt], None, SamplingOptions(n=3)))
    expected = {f"tiny/{sample_seed(prompt, index)}/question" for index in range(3)}
    assert {sample.text for sample in samples} == expected
    assert sorted(sample.index for sample in samples) == [0, 1, 2]


def test_the_token_that_ends_a_text_is_not_counted() -> None:
    stopped, cut = answer("a", "stop", tokens=5), answer("b", "length", tokens=5)
    with EndpointServer(document(stopped), document(cut)) as server:
        source = sampler(server)
        first, second = (next(source.sample(prompts(seed), None)) for seed in (1, 2))
    assert (first.finish_reason, first.token_count) == (FinishReason.STOP, 4)
    assert (second.finish_reason, second.token_count) == (FinishReason.LENGTH, 5)


@pytest.mark.parametrize(
    "fault",
    [
        status(500),
        status(503),
        status(429),
        document('{"choices": [{"message": {"con'),
        document({"choices": [], "usage": {"completion_tokens": 0}}),
        document({"choices": [{"message": {}}]}),
        document("<html>Bad gateway</html>"),
        document([]),
        hang_up,
        silence(0.7),
    ],
    ids=[
        "500",
        "503",
        "429",
        "truncated",
        "empty-choices",
        "no-content",
        "html",
        "list",
        "hang-up",
        "timeout",
    ],
)
def test_a_passing_fault_is_tried_again(fault: Fault) -> None:
    with EndpointServer(fault) as server:
        samples = list(sampler(server, request_timeout_seconds=0.5).sample(prompts(1, 2), None))
    assert {sample.text for sample in samples} == {"tiny/1/question", "tiny/2/question"}


def test_patience_ends_with_an_error_that_names_the_endpoint_and_the_fault() -> None:
    with EndpointServer(*[status(500)] * 4) as server:
        with pytest.raises(UpstreamError, match=r"chat/completions: HTTP 500: fault 500.*4 tries"):
            list(sampler(server).sample(prompts(1), None))
        assert len(server.chats()) == 4


def test_what_was_answered_before_the_end_of_patience_was_handed_over() -> None:
    source = prompts(1, 2)
    with EndpointServer() as server:
        stream = sampler(server).sample(source, None)
        assert next(stream).text.startswith("tiny/")
        stream.close()


def test_retry_after_is_honoured() -> None:
    with EndpointServer(status(429, Retry_After="1")) as server:
        start = time.monotonic()
        list(sampler(server).sample(prompts(1), None))
    assert time.monotonic() - start >= 1.0


def test_a_refusal_is_not_tried_again_and_quotes_the_server() -> None:
    with EndpointServer(status(404)) as server:
        with pytest.raises(RequestRefused, match="HTTP 404: fault 404"):
            list(sampler(server).sample(prompts(1), None))
        assert len(server.chats()) == 1


def test_a_wrong_model_name_is_refused_with_what_is_served(server: EndpointServer) -> None:
    with pytest.raises(RequestRefused, match=r"serves tiny, not 'huge'.*generator\.server\.model"):
        list(sampler(server, model="huge").sample(prompts(1), None))


def test_nobody_at_the_url_is_an_upstream_error() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        config = ServerConfig(url=url, backoff_seconds=0.01, attempts=2)
        with pytest.raises(UpstreamError, match=url):
            list(EndpointSampler(config, SamplingParameters()).sample(prompts(1), None))


def test_the_only_model_of_an_endpoint_needs_no_name(server: EndpointServer) -> None:
    server.adapters.append("somebody's")
    assert sampler(server).model_name == "tiny"


def test_the_key_comes_from_the_environment_and_its_absence_is_named(server: EndpointServer) -> None:
    with pytest.raises(UpstreamError, match="ARCHLOOP_TEST_KEY is not set"):
        list(sampler(server, api_key_variable="ARCHLOOP_TEST_KEY").sample(prompts(1), None))


def test_an_adapter_is_loaded_under_a_name_of_its_own_and_the_old_one_unloaded(
    server: EndpointServer, tmp_path: Path
) -> None:
    source, path = sampler(server), adapter_folder(tmp_path / "adapter")
    (first,) = source.sample(prompts(1), path)
    assert first.text.startswith(f"policy-v1-{adapter_hash(path)}/")
    adapter_folder(path, 2.0)  # the same path, new content
    (second,) = source.sample(prompts(1), path)
    assert second.text.startswith(f"policy-v2-{adapter_hash(path)}/")
    assert server.adapters == [second.text.split("/")[0]]


def test_an_unchanged_adapter_is_loaded_once(server: EndpointServer, tmp_path: Path) -> None:
    source, path = sampler(server), adapter_folder(tmp_path / "adapter")
    for _ in range(3):
        list(source.sample(prompts(1), path))
    assert sum(route == "/v1/load_lora_adapter" for route, _ in server.requests) == 1


def test_the_base_model_answers_without_the_adapter_before_it(server: EndpointServer, tmp_path: Path) -> None:
    source = sampler(server)
    list(source.sample(prompts(1), adapter_folder(tmp_path / "adapter")))
    (sample,) = source.sample(prompts(1), None)
    assert sample.text.startswith("tiny/")
    assert server.adapters == []


def test_an_adapter_that_the_server_ignores_is_noticed_and_unloaded(tmp_path: Path) -> None:
    with EndpointServer(ignores_adapters=True) as server:
        with pytest.raises(UpstreamError, match="ignores the adapter policy-v1-"):
            list(sampler(server).sample(prompts(1), adapter_folder(tmp_path / "adapter")))
        assert server.adapters == []


@pytest.mark.parametrize(
    ("shift", "same"), [(0.0, True), (1e-6, True), (8e-3, True), (3e-2, False), (1.0, False)]
)
def test_answers_are_alike_up_to_the_noise_of_a_server(shift: float, same: bool) -> None:
    base = Reply("a b c", FinishReason.STOP, 3, logprobs=(-0.5, -1.25, -2.0))
    moved = Reply("a b c", FinishReason.STOP, 3, logprobs=(-0.5, -1.25 - shift, -2.0))
    assert alike(moved, base) is same


def test_answers_of_another_text_or_length_are_not_alike() -> None:
    base = Reply("a b c", FinishReason.STOP, 3, logprobs=(-0.5, -1.25, -2.0))
    assert not alike(Reply("a b d", FinishReason.STOP, 3, logprobs=base.logprobs), base)
    assert not alike(Reply("a b c", FinishReason.STOP, 2, logprobs=(-0.5, -1.25)), base)
    assert alike(Reply("a b c", FinishReason.STOP, 3), base)  # an endpoint without log-probabilities


def test_an_endpoint_that_cannot_load_adapters_says_what_would_help(tmp_path: Path) -> None:
    with (
        EndpointServer(loads_adapters=False) as server,
        pytest.raises(UpstreamError, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING"),
    ):
        list(sampler(server).sample(prompts(1), adapter_folder(tmp_path / "adapter")))


def test_closing_takes_our_adapter_off_the_endpoint(server: EndpointServer, tmp_path: Path) -> None:
    with sampler(server) as source:
        list(source.sample(prompts(1), adapter_folder(tmp_path / "adapter")))
        assert len(server.adapters) == 1
    assert server.adapters == []


def test_a_second_call_waits_for_the_end_of_the_first(server: EndpointServer) -> None:
    source = sampler(server)
    first = source.sample(prompts(1, 2), None)
    next(first)
    with pytest.raises(RuntimeError, match="exhaust or close"):
        next(source.sample(prompts(3), None))
    first.close()
    assert len(list(source.sample(prompts(3), None))) == 1


@pytest.mark.parametrize(
    ("guide", "expected"),
    [
        (Choice(options=("a", "b")), {"structured_outputs": {"choice": ["a", "b"]}}),
        (Regex(pattern="a+"), {"structured_outputs": {"regex": "a+"}}),
        (Grammar(ebnf='root ::= "a"'), {"structured_outputs": {"grammar": 'root ::= "a"'}}),
        (
            JsonSchema(document={"type": "object"}),
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
                }
            },
        ),
    ],
)
def test_a_guide_is_sent_in_the_fields_that_vllm_reads(
    server: EndpointServer, guide: Any, expected: dict[str, Any]
) -> None:
    list(sampler(server).sample(prompts(1), None, SamplingOptions(guide=guide)))
    (body,) = server.chats()
    assert expected.items() <= body.items()


def test_a_strange_endpoint_is_sent_openais_fields_only(server: EndpointServer) -> None:
    list(sampler(server).sample(prompts(1), None))
    known = {"model", "messages", "temperature", "top_p", "max_tokens", "seed"}
    assert server.chats()[0].keys() == known


def test_an_answer_that_has_begun_is_gone_on_with(server: EndpointServer) -> None:
    (question,) = prompts(1)
    begun = Message(role="assistant", content="import torch")
    list(
        sampler(server).sample([question.model_copy(update={"messages": (*question.messages, begun)})], None)
    )
    sent = server.chats()[-1]
    assert sent["messages"][-1] == begun.model_dump()
    assert sent["continue_final_message"] is True and sent["add_generation_prompt"] is False
    list(sampler(server).sample([question], None))
    assert not {"continue_final_message", "add_generation_prompt"} & server.chats()[-1].keys()


def test_order_is_restored_as_early_as_possible() -> None:
    def sample(seed: int) -> Sample:
        return Sample(prompt_id=f"p{seed}", text="", finish_reason=FinishReason.STOP, token_count=0)

    taken = []

    def arriving() -> Iterator[Sample]:
        for seed in (2, 1, 3):
            taken.append(seed)
            yield sample(seed)

    ordered = in_order(prompts(1, 2, 3), arriving())
    assert [next(ordered).prompt_id, next(ordered).prompt_id] == ["p1", "p2"]
    assert taken == [2, 1]
    assert [rest.prompt_id for rest in ordered] == ["p3"]


def test_a_missing_completion_is_an_error() -> None:
    with pytest.raises(ValueError, match="no completion number 0 for p1"):
        list(in_order(prompts(1), []))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"server": {"model": "x"}}, "set url too"),
        ({"server": {"url": "localhost:8000"}}, "must start with http"),
        ({"server": {"url": "http://x/v1", "lora": "merge"}}, "leave url out"),
        ({"outline": True}, "outline needs vLLM"),
        ({"sampler": "offline", "template": "instruct"}, "template 'compact' only"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GeneratorConfig(**settings)


def test_the_configuration_loads_neither_vllm_nor_an_http_client() -> None:
    code = (
        "import sys, cycles.config.run, cycles.assembly, generator.config.generator; "
        "sys.exit(any(name in sys.modules for name in ('vllm', 'httpx2', 'torch', 'openai')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
