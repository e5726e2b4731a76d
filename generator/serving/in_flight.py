"""Many requests to one endpoint at a time, each answer handed over as soon as it is there.

This module does *not* say what a refusal means for a call, and starts no server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from generator.samplers.contract import RequestRefused, UpstreamError
from generator.serving.chat import Reply
from generator.serving.endpoint import Endpoint, LostConnection, Refusal

Key = tuple[str, int]
"""Id of a prompt, and the number of a completion among its own."""


async def outcomes(
    endpoint: Endpoint, bodies: Mapping[Key, dict[str, Any]], concurrency: int | None
) -> AsyncGenerator[tuple[Key, Reply | Refusal], None]:
    """Yield what becomes of each request as it is known, at most `concurrency` at a time.

    Where patience with one ends, nothing new is asked, but what is under way is waited for: it is paid for.

    Raises:
        UpstreamError: Patience ended, or the server refuses what no prompt is the reason of.
    """
    slots = asyncio.Semaphore(concurrency or len(bodies))
    failures: list[UpstreamError] = []

    async def ask(key: Key) -> tuple[Key, Reply | Refusal] | None:
        async with slots:
            if failures:
                return None
            try:
                return key, await endpoint.chat(bodies[key])
            except Refusal as error:
                if not error.may_be_the_prompts:
                    raise
                return key, error
            except (LostConnection, RequestRefused):
                raise
            except UpstreamError as error:
                failures.append(error)
                return None

    tasks = [asyncio.create_task(ask(key)) for key in bodies]
    try:
        for task in asyncio.as_completed(tasks):
            if (outcome := await task) is not None:
                yield outcome
    finally:
        # Closing the connections makes the server abandon what is no longer wanted.
        for pending in tasks:
            pending.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if failures:
        raise failures[0]
