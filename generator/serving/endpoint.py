"""A client of one OpenAI-compatible endpoint: completions with patience, and vLLM's routes for adapters.

Faults are of two kinds. Those that may pass (no connection, 408, 429, 5xx, an answer cut short, too large or
without a choice) are tried again, a bounded number of times, after a pause that doubles and is jittered so
that many clients do not come back in step; a `Retry-After` is honoured. Those that will not pass (another
4xx) are reported at once, in the server's own words. No message and no line of the log holds the key or the
password of a URL, whoever repeats them.

Hosts elsewhere are reached through the proxies of the environment (`HTTPS_PROXY`, `NO_PROXY` and so on), this
machine never is.

This module does *not* start servers, word requests (`generator.serving.chat` does) or know what a program is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2

from corpus.records.prompts import FinishReason
from generator.samplers.contract import RequestRefused, UpstreamError
from generator.serving.chat import Reply, one_line, reply_from, server_message
from generator.serving.credentials import Redaction, without_user
from generator.serving.transport import (
    LONGEST_PAUSE_SECONDS,
    BodyTooLarge,
    bounded_body,
    is_this_machine,
    retry_after,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

_PASSING = frozenset({408, 409, 425, 429})
_OF_ONE_PROMPT = frozenset({400, 413, 422, 451})
_NO_ROUTE = frozenset({404, 405})
_UNAUTHORISED = 401
_VERSION = re.compile(r"/v\d")
_CONNECT_TIMEOUT_SECONDS = 10.0
_NO_REPLY = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError)
"""What any other document than a completion makes the reading of one raise."""


class LostConnection(UpstreamError):
    """The server does not answer at all."""


class Refusal(RequestRefused):
    """A 4xx that another try would meet again.

    Attributes:
        status: The HTTP status.
        words: What the server says.
    """

    def __init__(self, where: str, status: int, words: str, remedy: str = "") -> None:
        super().__init__(f"{where}: HTTP {status}: {words}{remedy and f'.{remedy}'}")
        self.status, self.words = status, words

    @property
    def may_be_the_prompts(self) -> bool:
        """Whether it may be this one prompt that is refused: filtered, too long, not to be processed."""
        return self.status in _OF_ONE_PROMPT

    @property
    def as_reply(self) -> Reply:
        """The answer to a prompt that is refused for ever: no text, and the server's words."""
        return Reply("", FinishReason.REFUSED, 0, refusal=f"HTTP {self.status}: {self.words}")


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
        wording: Returns the body of a chat as this endpoint takes it.

    Raises:
        RequestRefused: A proxy of the environment cannot be used.
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
        wording: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    ) -> None:
        self._url = url.rstrip("/")
        self.url = without_user(self._url)
        self._redacted = Redaction(self._url, api_key)
        self._wording = wording
        self._timeout_seconds = timeout_seconds
        self._attempts, self._backoff_seconds, self._lost = attempts, backoff_seconds, lost
        self._jitter = random.Random()
        try:
            self._client = httpx2.AsyncClient(
                headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
                timeout=httpx2.Timeout(timeout_seconds, connect=_CONNECT_TIMEOUT_SECONDS, pool=None),
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=256),
                trust_env=not is_this_machine(url),
            )
        except (ImportError, ValueError, httpx2.InvalidURL) as error:
            raise RequestRefused(
                f"{self.url}: a proxy of the environment cannot be used ({one_line(str(error))}). "
                "Mend HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or name the host in NO_PROXY."
            ) from error

    async def __aenter__(self) -> Endpoint:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def base_model(self, wanted: str | None) -> tuple[str, int | None]:
        """Return the name of the model to ask for, and its context in tokens where the endpoint says.

        An endpoint need not list its models where one is named, and Gemini's lists `models/NAME` for NAME.

        Args:
            wanted: The model's name; None for the only one that is listed.

        Raises:
            RequestRefused: It does not serve `wanted`, or no name is given and it lists none or several.
        """
        try:
            cards = {card["id"]: card for card in await self.models() if card.get("parent") is None}
        except Refusal as error:
            if wanted is None or error.status == _UNAUTHORISED:
                raise
            return wanted, None
        if wanted is None and len(cards) == 1:
            wanted = next(iter(cards))
        if wanted is not None and not cards:
            return wanted, None
        card = None if wanted is None else cards.get(wanted, cards.get(f"models/{wanted}"))
        if wanted is None or card is None:
            listed = ", ".join(cards) or "nothing"
            other = "" if wanted is None else f", not '{wanted}'"
            raise RequestRefused(
                f"{self.url} serves {listed}{other}. Name what it serves: generator.server.model"
            )
        context = card.get("max_model_len")
        return wanted, context if isinstance(context, int) and context > 0 else None

    async def models(self) -> list[dict[str, Any]]:
        """Return the cards of what the endpoint serves; adapters have a `parent`."""

        def parse(document: Any) -> list[dict[str, Any]]:
            listed = document.get("data") if isinstance(document, dict) else document
            cards = listed if isinstance(listed, list) else []
            return [card for card in cards if isinstance(card, dict) and isinstance(card.get("id"), str)]

        return await self._request("GET", "/models", None, parse)

    async def chat(self, body: Mapping[str, Any]) -> Reply:
        """Return the answer to a chat completion request for one choice."""
        return await self._request("POST", "/chat/completions", self._wording(body), reply_from)

    async def load_adapter(self, name: str, path: str) -> bool:
        """Load the adapter at `path` under `name`; return False where the endpoint has no such route."""
        return await self._adapter_call("load_lora_adapter", {"lora_name": name, "lora_path": path})

    async def unload_adapter(self, name: str) -> bool:
        """Forget the adapter called `name`; return False if the endpoint does not know it."""
        return await self._adapter_call("unload_lora_adapter", {"lora_name": name})

    async def _adapter_call(self, route: str, body: Mapping[str, str]) -> bool:
        try:
            await self._request("POST", f"/{route}", body, lambda _: None, plain=True)
        except Refusal as error:
            if "already been loaded" in error.words:
                return True  # the name holds the content's hash: what is there is the same
            if error.status in _NO_ROUTE:
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
            pause = min(self._backoff_seconds * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
            pause = max(pause * self._jitter.uniform(0.5, 1.5), last.pause_seconds)
            logger.warning("%s%s: %s; trying again in %.1f s", self.url, route, last, pause)
            await asyncio.sleep(pause)
        kind = LostConnection if last.unreachable else UpstreamError
        tries = "try" if attempt == 1 else "tries"
        raise kind(f"{self.url}{route}: {last}. Gave up after {attempt} {tries}.{self._url_remedy}") from last

    async def _try(
        self, method: str, route: str, body: Mapping[str, Any] | None, parse: Callable[[Any], T], plain: bool
    ) -> T:
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),  # the client's own begins anew with every byte
                self._client.stream(method, f"{self._url}{route}", json=body) as response,
            ):
                content = await bounded_body(response)
        except (httpx2.ReadTimeout, TimeoutError):
            raise _Passing("no answer in time (generator.server.request_timeout_seconds)") from None
        except (BodyTooLarge, httpx2.DecodingError) as error:
            raise _Passing(one_line(str(error))) from None
        except httpx2.TransportError as error:
            fault = self._redacted(f"{type(error).__name__}: {error}")
            raise _Passing(fault, unreachable=True) from None  # a traceback would show the error itself
        except httpx2.InvalidURL as error:
            fault = self._redacted(str(error))
            raise RequestRefused(f"{self.url}: not a URL ({fault}). Mend generator.server.url.") from None
        status = response.status_code
        # Before it is cut: half a secret is no longer known for one.
        text = self._redacted(content.decode(errors="replace"))
        if status >= 500 or status in _PASSING:
            raise _Passing(f"HTTP {status}: {server_message(text)}", pause_seconds=retry_after(response))
        if status >= 300:
            remedy = self._url_remedy if status in _NO_ROUTE else ""
            raise Refusal(f"{self.url}{route}", status, server_message(text), remedy)
        try:
            return parse(None if plain else json.loads(content))
        except _NO_REPLY as error:
            found = one_line(self._redacted(f"{type(error).__name__}: {error}"))
            raise _Passing(f"an answer that is no completion ({found}): {one_line(text)}") from None

    @property
    def _url_remedy(self) -> str:
        """What may be wrong with a URL that leads nowhere, a sentence; empty where it looks well."""
        if _VERSION.search(urlsplit(self.url).path):
            return ""
        return f" Such URLs mostly end in /v1: generator.server.url = '{self.url}/v1'."
