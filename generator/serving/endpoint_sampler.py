"""The sampler over an OpenAI-compatible server: our own vLLM, or an endpoint that somebody else runs.

All prompts of a call are in flight at once, and completions are handed over as they finish. Where our own
server dies under a call, it is started again and what was not answered yet is asked again.

This module does *not* start processes (`generator.serving.server`), speak HTTP (`generator.serving.endpoint`)
or decide what an adapter on a server is called (`generator.serving.served_adapter`).
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.records.prompts import Prompt, SamplingParameters
from generator.config.serving import ServerConfig
from generator.samplers.contract import (
    Choice,
    Guide,
    JsonSchema,
    Regex,
    RequestRefused,
    Sample,
    Sampler,
    SamplingOptions,
    UpstreamError,
    sample_seed,
)
from generator.serving.credentials import bearer_token
from generator.serving.endpoint import Endpoint, LostConnection, Reply
from generator.serving.served_adapter import MergeNeeded, ServedAdapter
from generator.serving.server import ServerStartError, VllmServer

logger = logging.getLogger(__name__)

_Key = tuple[str, int]


class EndpointSampler(Sampler):
    """Samples over HTTP.

    Args:
        config: Where the endpoint is, and patience.
        parameters: Temperature and the rest.
        server: Our own server, None for the endpoint at `config.url`.
        defaults: Options of calls that name none.
        notify: Is told what is done with servers and adapters, a line at a time.
    """

    def __init__(
        self,
        config: ServerConfig,
        parameters: SamplingParameters,
        *,
        server: VllmServer | None = None,
        defaults: SamplingOptions | None = None,
        notify: Callable[[str], None] = logger.info,
    ) -> None:
        if (server is None) == (config.url is None):
            raise ValueError("give either a server of ours or the URL of an endpoint")
        self._config, self._parameters, self._server = config, parameters, server
        self._defaults = defaults or SamplingOptions()
        self._adapters = ServedAdapter(config, server, notify)
        self._notify = notify
        self._base = server.name if server is not None else config.model
        self._in_use = False

    @property
    def model_name(self) -> str:
        """Our server's model, or the endpoint's name for its own."""
        if self._base is None:
            return asyncio.run(self._looked_up())
        return self._base

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        """Yield completions as they finish; see `generator.samplers.contract.Sampler`.

        Raises:
            UpstreamError: The server is gone or refuses, and patience or restarts did not help.
            AdapterError: The folder holds no adapter.
        """
        if self._in_use:
            raise RuntimeError("exhaust or close the iterator of the last call first: see Sampler.sample")
        self._in_use = True
        try:
            with asyncio.Runner() as runner:
                yield from self._until_answered(runner, prompts, adapter, options or self._defaults)
        finally:
            self._in_use = False

    def release(self) -> None:
        """Stop our server and free its memory; the next call starts it again. Nothing for a URL."""
        if self._server is not None:
            self._server.release()

    def close(self) -> None:
        """Take our adapter off an endpoint of somebody else's, or stop our own server."""
        self.release()
        if self._server is None and self._adapters.name is not None:
            asyncio.run(self._withdraw())

    def _until_answered(
        self,
        runner: asyncio.Runner,
        prompts: Sequence[Prompt],
        adapter: Path | None,
        options: SamplingOptions,
    ) -> Iterator[Sample]:
        """Yield all samples, over as many lives of our server as it takes."""
        open_requests = {
            (prompt.id, index): self._body(prompt, index, options)
            for prompt in prompts
            for index in range(options.n)
        }
        restarts = 0
        while open_requests:
            try:
                for key, reply in self._answers(runner, adapter, open_requests):
                    del open_requests[key]
                    yield _sample(key, reply)
            except MergeNeeded:
                continue  # the next start takes the merged weights
            except ServerStartError:
                raise
            except UpstreamError as error:
                server = self._server
                gone = server is not None and (isinstance(error, LostConnection) or not server.healthy())
                if not gone or restarts == self._config.restarts:
                    raise
                restarts += 1
                self._notify(f"vLLM died with {len(open_requests)} completions to go; it is started again")
                self.release()

    def _answers(
        self, runner: asyncio.Runner, adapter: Path | None, bodies: Mapping[_Key, dict[str, Any]]
    ) -> Iterator[tuple[_Key, Reply]]:
        """Yield the answers of the server in its present life."""
        if self._server is not None and self._server.start(self._adapters.model_to_serve(adapter)):
            self._adapters.forget()
        answers = self._exchange(dict(bodies), adapter)

        async def following() -> tuple[_Key, Reply] | None:
            return await anext(answers, None)

        try:
            while (answer := runner.run(following())) is not None:
                yield answer
        finally:
            runner.run(answers.aclose())

    async def _exchange(
        self, bodies: Mapping[_Key, dict[str, Any]], adapter: Path | None
    ) -> AsyncGenerator[tuple[_Key, Reply], None]:
        async with self._endpoint() as endpoint:
            base, longest = await self._base_model(endpoint)
            model = await self._adapters.route(endpoint, base, adapter)

            async def ask(key: _Key) -> tuple[_Key, Reply]:
                body = {**bodies[key], "model": model}
                # Servers refuse more than the context holds, where the other samplers stop at its end.
                body["max_tokens"] = min(body["max_tokens"], longest)
                return key, await endpoint.chat(body)

            tasks = [asyncio.create_task(ask(key)) for key in bodies]
            try:
                for task in asyncio.as_completed(tasks):
                    yield await task
            finally:
                # Closing the connections makes the server abandon what is no longer wanted.
                for pending in tasks:
                    pending.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _endpoint(self) -> Endpoint:
        config, server = self._config, self._server
        url = server.url if server is not None else config.url
        assert url is not None
        variable = config.api_key_variable
        own_key = server.api_key if server is not None else None
        return Endpoint(
            url,
            api_key=bearer_token(os.environ.get(variable, ""), variable) if variable else own_key,
            timeout_seconds=config.request_timeout_seconds,
            attempts=config.attempts,
            backoff_seconds=config.backoff_seconds,
            lost=lambda: server is not None and not server.alive(),
        )

    async def _base_model(self, endpoint: Endpoint) -> tuple[str, int]:
        """Return the base model's name, and its context in tokens where the endpoint says (vLLM does)."""
        cards = {card["id"]: card for card in await endpoint.models() if card.get("parent") is None}
        if self._base is None and len(cards) == 1:
            self._base = next(iter(cards))
        if self._base is None or self._base not in cards:
            listed = ", ".join(cards) or "nothing"
            wanted = "" if self._base is None else f", not '{self._base}'"
            raise RequestRefused(
                f"{endpoint.url} serves {listed}{wanted}. Name what it serves: generator.server.model"
            )
        return self._base, cards[self._base].get("max_model_len") or self._parameters.max_new_tokens

    async def _looked_up(self) -> str:
        async with self._endpoint() as endpoint:
            return (await self._base_model(endpoint))[0]

    async def _withdraw(self) -> None:
        async with self._endpoint() as endpoint:
            await self._adapters.withdraw(endpoint)

    def _body(self, prompt: Prompt, index: int, options: SamplingOptions) -> dict[str, Any]:
        """Return the request for one completion, but for the model's name.

        Fields that OpenAI's interface lacks are sent only where they say something, because a strange
        endpoint refuses what it does not know.
        """
        parameters = self._parameters
        body: dict[str, Any] = {
            "messages": [message.model_dump() for message in prompt.messages],
            "temperature": parameters.temperature,
            "top_p": parameters.top_p,
            "max_tokens": parameters.max_new_tokens,
            "seed": sample_seed(prompt, index),
        }
        if parameters.top_k:
            body["top_k"] = parameters.top_k
        if options.stop:
            body["stop"] = list(options.stop)
        if options.logprobs:
            body["logprobs"] = True
        if options.guide is not None:
            body |= _guide_fields(options.guide)
        return body


def _sample(key: _Key, reply: Reply) -> Sample:
    return Sample(
        prompt_id=key[0],
        index=key[1],
        text=reply.text,
        finish_reason=reply.finish_reason,
        token_count=reply.token_count,
        logprobs=reply.logprobs,
    )


def _guide_fields(guide: Guide) -> dict[str, Any]:
    """Return the fields of a request that impose `guide`: OpenAI's for JSON, vLLM's for the rest."""
    match guide:
        case JsonSchema(document=document):
            schema = {"name": "answer", "schema": document, "strict": True}
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        case Choice(options=options):
            return {"structured_outputs": {"choice": list(options)}}
        case Regex(pattern=pattern):
            return {"structured_outputs": {"regex": pattern}}
        case _:
            return {"structured_outputs": {"grammar": guide.ebnf}}
