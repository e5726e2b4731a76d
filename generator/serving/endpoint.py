"""A client of one OpenAI-compatible endpoint: completions with patience, and vLLM's routes for adapters.

Faults are of two kinds. Those that may pass (no connection, 408, 429, 5xx, an answer cut short or without a
choice) are tried again, a bounded number of times, after a pause that doubles and is jittered so that many
clients do not come back in step; a `Retry-After` is honoured. Those that will not pass (another 4xx) are
reported at once, in the server's own words. No message and no line of the log holds the key or the password
of a URL, whoever repeats them.

This module does *not* start servers, render prompts or know what a program is.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

import httpx2

from corpus.records.prompts import FinishReason
from generator.samplers.contract import RequestRefused, UpstreamError
from generator.serving.credentials import Redaction, without_user

logger = logging.getLogger(__name__)

T = TypeVar("T")

_PASSING = frozenset({408, 409, 425, 429})
_LONGEST_PAUSE_SECONDS = 30.0
_CONNECT_TIMEOUT_SECONDS = 10.0
_EXCERPT = 300
_NO_REPLY = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError)
"""What any other document than a completion makes the reading of one raise."""


@dataclass(frozen=True)
class Reply:
    """One choice of a chat completion.

    Attributes:
        text: The completion.
        finish_reason: Why it ended.
        token_count: Its tokens, without the token that ends a text.
        logprobs: Their log-probabilities, None unless asked for.
        token_ids: The model's numbers for them, where the server says (vLLM does when asked).
        prompt_token_ids: Those of the rendered prompt, likewise.
    """

    text: str
    finish_reason: FinishReason
    token_count: int
    logprobs: tuple[float, ...] | None = None
    token_ids: tuple[int, ...] | None = None
    prompt_token_ids: tuple[int, ...] | None = None


class LostConnection(UpstreamError):
    """The server does not answer at all."""


class _Passing(Exception):
    """A fault that another try may not meet."""

    def __init__(self, fault: str, *, pause_seconds: float = 0.0, unreachable: bool = False) -> None:
        super().__init__(fault)
        self.pause_seconds, self.unreachable = pause_seconds, unreachable


class Endpoint:
    """Talks to the endpoint at `url` (with `/v1`); an asynchronous context.

    Args:
        url: Base URL, `http://127.0.0.1:8000/v1`; the attribute of that name is fit to be shown.
        api_key: Bearer token, None for none.
        timeout_seconds: Longest wait for one answer.
        attempts: Tries of each request.
        backoff_seconds: Mean pause after the first failed try.
        lost: Says whether the server is known to be gone, so that waiting for it is pointless.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 600.0,
        attempts: int = 6,
        backoff_seconds: float = 0.5,
        lost: Callable[[], bool] = lambda: False,
    ) -> None:
        self._url = url.rstrip("/")
        self.url = without_user(self._url)
        self._redacted = Redaction(self._url, api_key)
        self._attempts, self._backoff_seconds, self._lost = attempts, backoff_seconds, lost
        self._jitter = random.Random()
        self._client = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx2.Timeout(timeout_seconds, connect=_CONNECT_TIMEOUT_SECONDS, pool=None),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=256),
            trust_env=False,  # a proxy of the environment must not stand before 127.0.0.1
        )

    async def __aenter__(self) -> Endpoint:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def models(self) -> list[dict[str, Any]]:
        """Return the cards of what the endpoint serves; adapters have a `parent`."""

        def parse(document: Any) -> list[dict[str, Any]]:
            return [card for card in document["data"] if isinstance(card["id"], str)]

        return await self._request("GET", "/models", None, parse)

    async def chat(self, body: Mapping[str, Any]) -> Reply:
        """Return the answer to a chat completion request for one choice."""
        return await self._request("POST", "/chat/completions", body, _reply)

    async def load_adapter(self, name: str, path: str) -> bool:
        """Load the adapter at `path` under `name`; return False where the endpoint has no such route."""
        return await self._adapter_call("load_lora_adapter", {"lora_name": name, "lora_path": path})

    async def unload_adapter(self, name: str) -> bool:
        """Forget the adapter called `name`; return False if the endpoint does not know it."""
        return await self._adapter_call("unload_lora_adapter", {"lora_name": name})

    async def _adapter_call(self, route: str, body: Mapping[str, str]) -> bool:
        try:
            await self._request("POST", f"/{route}", body, lambda _: None, plain=True)
        except RequestRefused as error:
            if "already been loaded" in str(error):
                return True  # the name holds the content's hash: what is there is the same
            if "HTTP 404" in str(error) or "HTTP 405" in str(error):
                return False
            raise
        return True

    async def _request(
        self,
        method: str,
        route: str,
        body: Mapping[str, Any] | None,
        parse: Callable[[Any], T],
        *,
        plain: bool = False,
    ) -> T:
        """Return the parsed answer; `plain` ones are not JSON."""
        for attempt in range(1, self._attempts + 1):
            try:
                return await self._try(method, route, body, parse, plain)
            except _Passing as fault:
                last = fault
            if attempt == self._attempts or (last.unreachable and self._lost()):
                break
            pause = min(self._backoff_seconds * 2 ** (attempt - 1), _LONGEST_PAUSE_SECONDS)
            pause = max(pause * self._jitter.uniform(0.5, 1.5), last.pause_seconds)
            logger.warning("%s%s: %s; trying again in %.1f s", self.url, route, last, pause)
            await asyncio.sleep(pause)
        kind = LostConnection if last.unreachable else UpstreamError
        tries = "try" if attempt == 1 else "tries"
        raise kind(f"{self.url}{route}: {last}. Gave up after {attempt} {tries}.") from last

    async def _try(
        self, method: str, route: str, body: Mapping[str, Any] | None, parse: Callable[[Any], T], plain: bool
    ) -> T:
        try:
            response = await self._client.request(method, f"{self._url}{route}", json=body)
        except httpx2.ReadTimeout:
            raise _Passing("no answer in time (generator.server.request_timeout_seconds)") from None
        except httpx2.TransportError as error:
            fault = self._redacted(f"{type(error).__name__}: {error}")
            raise _Passing(fault, unreachable=True) from None  # a traceback would show the error itself
        except httpx2.InvalidURL as error:
            fault = self._redacted(str(error))
            raise RequestRefused(f"{self.url}: not a URL ({fault}). Mend generator.server.url.") from None
        status = response.status_code
        if status >= 300:
            fault = f"HTTP {status}: {self._redacted(_server_message(response))[:_EXCERPT]}"
            if status >= 500 or status in _PASSING:
                raise _Passing(fault, pause_seconds=_retry_after(response))
            raise RequestRefused(f"{self.url}{route}: {fault}")
        try:
            return parse(None if plain else response.json())
        except _NO_REPLY as error:
            fault = f"an answer that is no completion ({type(error).__name__}: {error}): "
            raise _Passing(self._redacted(fault + response.text)[: len(fault) + _EXCERPT]) from None


def _reply(document: Any) -> Reply:
    """Return the reply in `document`.

    Raises:
        ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError: It is not one.
    """
    choice = document["choices"][0]
    text = choice["message"]["content"]
    if text is None:  # vLLM's way to say that the first token drawn ended the text
        text = ""
    if not isinstance(text, str):
        raise TypeError("content is not a text")
    reason = FinishReason(choice["finish_reason"])
    # The token that ends a text is counted by servers, and is none of the completion's; a stop text is.
    ended = reason is FinishReason.STOP and choice.get("stop_reason") is None
    count = max(0, int(document["usage"]["completion_tokens"]) - ended)
    entries = (choice.get("logprobs") or {}).get("content")
    token_ids, prompt_token_ids = choice.get("token_ids"), document.get("prompt_token_ids")
    return Reply(
        text=text,
        finish_reason=reason,
        token_count=count,
        logprobs=None if entries is None else tuple(float(entry["logprob"]) for entry in entries[:count]),
        token_ids=None if token_ids is None else tuple(token_ids[:count]),
        prompt_token_ids=None if prompt_token_ids is None else tuple(prompt_token_ids),
    )


def _server_message(response: httpx2.Response) -> str:
    """Return what the server says went wrong, whichever of the usual forms it takes, on one line.

    The whole of it: a secret that was cut in two would no longer be known for one.
    """
    try:
        document = response.json()
        error = document.get("error", document)
        message = error.get("message") or error.get("detail") or error
    except (ValueError, AttributeError, RecursionError):
        message = response.text
    return " ".join(str(message).split())


def _retry_after(response: httpx2.Response) -> float:
    """Return the pause that the server asks for, in seconds, at most the longest that we make."""
    value = response.headers.get("Retry-After", "")
    return min(float(value), _LONGEST_PAUSE_SECONDS) if value.isdigit() else 0.0
