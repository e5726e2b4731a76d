"""The sampler over an OpenAI-compatible server: our own vLLM, or an endpoint that somebody else runs.

All prompts of a call are in flight at once (`generator.server.concurrency` bounds them), and completions are
handed over as they finish. Where our own server dies under a call, it is started again and what was not
answered yet is asked again.

A prompt that the server refuses for ever (filtered, too long) is a completion without text that holds the
server's words, and the others go on. Whether a refusal is the prompt's or meets every request is told by an
answer after it, at the end of a call by the answer to a harmless question. A call in which two prompts or
more are refused and none is answered ends with the refusal, and so does the second such call in a row.

This module does *not* start processes (`generator.serving.vllm.server`), speak HTTP
(`generator.serving.endpoint`) or decide what an adapter on a server is called
(`generator.serving.served_adapter`).
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
    Guide,
    RequestRefused,
    Sample,
    Sampler,
    SamplingOptions,
    UnsupportedOption,
    UpstreamError,
)
from generator.serving.chat import Reply, as_taken, chat_body, harmless, remedy, takes_guide, within
from generator.serving.credentials import bearer_token
from generator.serving.endpoint import Endpoint, LostConnection, Refusal
from generator.serving.in_flight import Key, outcomes
from generator.serving.served_adapter import MergeNeeded, ServedAdapter
from generator.serving.vllm.server import ServerStartError, VllmServer

logger = logging.getLogger(__name__)


class EndpointSampler(Sampler):
    """Samples over HTTP.

    Args:
        config: Where the endpoint is, and patience.
        parameters: Temperature and the rest.
        server: Our own server, None for the endpoint at `config.url`.
        defaults: Options of calls that name none.
        system_turn: Whether the model takes a system turn; None: as `config` says.
        notify: Is told what is done with servers and adapters, a line at a time.
    """

    def __init__(
        self,
        config: ServerConfig,
        parameters: SamplingParameters,
        *,
        server: VllmServer | None = None,
        defaults: SamplingOptions | None = None,
        system_turn: bool | None = None,
        notify: Callable[[str], None] = logger.info,
    ) -> None:
        if (server is None) == (config.url is None):
            raise ValueError("give either a server of ours or the URL of an endpoint")
        self._config, self._parameters, self._server = config, parameters, server
        self._defaults = defaults or SamplingOptions()
        self._adapters = ServedAdapter(config, server, notify)
        self._notify = notify
        self._base = server.name if server is not None else config.model
        self._system_turn = config.system_turn if system_turn is None else system_turn
        self._barren = False
        self._in_use = False

    @property
    def model_name(self) -> str:
        """Our server's model, or the endpoint's name for its own."""
        if self._base is None:
            return asyncio.run(self._looked_up())
        return self._base

    @property
    def answers_by_batch(self) -> bool:
        """False: a server's batches depend on the clock as it is."""
        return False

    def guides(self, guide: Guide) -> bool:
        """Return whether the server masks by `guide`: our own does by all, settings speak for others."""
        return self._server is not None or takes_guide(guide, self._config)

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        """Yield completions as they finish; see `generator.samplers.contract.Sampler`.

        Raises:
            UpstreamError: The server is gone or refuses, and patience or restarts did not help.
            AdapterError: The folder holds no adapter.
            UnsupportedOption: The settings say that the endpoint does not know such a guide.
        """
        if self._in_use:
            raise RuntimeError("exhaust or close the iterator of the last call first: see Sampler.sample")
        options = options or self._defaults
        if options.guide is not None and not self.guides(options.guide):
            raise UnsupportedOption(
                f"the endpoint cannot guide completions by a {options.guide.kind}: generator.server.guide is "
                f"'{self._config.guide}'. Set it to 'structured_outputs' if the endpoint runs vLLM."
            )
        self._in_use = True
        try:
            with asyncio.Runner() as runner:
                yield from self._until_answered(runner, prompts, adapter, options)
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
            (prompt.id, index): chat_body(
                prompt, index, self._parameters, options, system_turn=self._system_turn
            )
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
        self, runner: asyncio.Runner, adapter: Path | None, bodies: Mapping[Key, dict[str, Any]]
    ) -> Iterator[tuple[Key, Reply]]:
        """Yield the answers of the server in its present life."""
        if self._server is not None and self._server.start(self._adapters.model_to_serve(adapter)):
            self._adapters.forget()
        answers = self._exchange(dict(bodies), adapter)
        waits: asyncio.Task[Any] | None = None

        async def following() -> tuple[Key, Reply] | None:
            nonlocal waits
            waits = asyncio.current_task()
            return await anext(answers, None)

        async def ended() -> None:
            if waits is not None and not waits.done():  # a signal's handler raised in the middle of it
                waits.cancel()
                await asyncio.wait([waits])
            await answers.aclose()

        try:
            while (answer := runner.run(following())) is not None:
                yield answer
        finally:
            runner.run(ended())

    async def _exchange(
        self, bodies: Mapping[Key, dict[str, Any]], adapter: Path | None
    ) -> AsyncGenerator[tuple[Key, Reply], None]:
        async with self._endpoint() as endpoint:
            base, context = await endpoint.base_model(self._base)
            self._base = base
            model = await self._adapters.route(endpoint, base, adapter)
            bodies = {key: within(context, {**body, "model": model}) for key, body in bodies.items()}
            refused: list[tuple[Key, Refusal]] = []
            answered = False
            async for key, outcome in outcomes(endpoint, bodies, self._config.concurrency):
                if isinstance(outcome, Refusal):
                    refused.append((key, outcome))
                    continue
                answered = True
                for earlier, refusal in refused:  # the server answers, so it was the prompts that it refused
                    yield earlier, refusal.as_reply
                refused.clear()
                yield key, outcome
            if refused:
                await self._check_refusals(endpoint, refused, bodies, answered)
            self._barren = not answered
            for key, refusal in refused:
                yield key, refusal.as_reply

    async def _check_refusals(
        self,
        endpoint: Endpoint,
        refused: Sequence[tuple[Key, Refusal]],
        bodies: Mapping[Key, dict[str, Any]],
        answered: bool,
    ) -> None:
        """See that refusals at the end of a call are the prompts' own.

        Raises:
            RequestRefused: They are a run, or the server refuses a harmless question too.
        """
        key, refusal = refused[0]
        several = len({prompt_id for (prompt_id, _), _ in refused}) > 1
        if answered or not (several or self._barren):
            try:
                await endpoint.chat(harmless(bodies[key]))
            except Refusal as error:
                refusal = error
            else:
                return
        sent = as_taken(bodies[key], self._config)
        raise RequestRefused(f"{str(refusal).rstrip('.')}. {remedy(sent, refusal.words)}") from refusal

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
            wording=lambda body: as_taken(body, config),
        )

    async def _looked_up(self) -> str:
        async with self._endpoint() as endpoint:
            return (await endpoint.base_model(self._base))[0]

    async def _withdraw(self) -> None:
        async with self._endpoint() as endpoint:
            await self._adapters.withdraw(endpoint)


def _sample(key: Key, reply: Reply) -> Sample:
    return Sample(
        prompt_id=key[0],
        index=key[1],
        text=reply.text,
        finish_reason=reply.finish_reason,
        token_count=reply.token_count,
        logprobs=reply.logprobs,
        refusal=reply.refusal,
    )
