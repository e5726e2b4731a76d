"""What HTTP itself says: a body within a bound, the pause that a server asks for, whether a URL leads here.

This module does *not* know what a completion is.
"""

from __future__ import annotations

import ipaddress
import math
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2

MAX_BODY_BYTES = 8_000_000
"""Of an answer, unpacked: far above the longest completion with the log-probability of each of its tokens."""

LONGEST_PAUSE_SECONDS = 30.0
"""Longest pause between two tries."""


class BodyTooLarge(Exception):
    """A server sends more than any answer needs."""


async def bounded_body(response: httpx2.Response) -> bytes:
    """Return the body of a response that is being streamed.

    Raises:
        BodyTooLarge: It is longer than `MAX_BODY_BYTES`; the rest is not read.
    """
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"an answer of more than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def is_this_machine(url: str) -> bool:
    """Return whether a URL leads to this machine, before which no proxy must stand."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def retry_after(response: httpx2.Response) -> float:
    """Return the pause that the server asks for, in seconds, at most the longest that we make.

    A date (RFC 9110, section 10.2.3) is compared with the server's own clock, which need not be ours.
    """
    value = response.headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        until, now = _time_of(value), _time_of(response.headers.get("Date", "")) or time.time()
        seconds = 0.0 if until is None else until - now
    return min(max(seconds, 0.0), LONGEST_PAUSE_SECONDS) if math.isfinite(seconds) else 0.0


def _time_of(date: str) -> float | None:
    """Return the seconds since 1970 of an HTTP date, None where it is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
