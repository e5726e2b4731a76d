"""Keys and passwords for an endpoint: fit to be sent, and never in a message.

This module does *not* read the environment or send anything.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from generator.samplers.contract import RequestRefused

_SHORTEST = 4
"""Characters of the shortest text that counts as a secret: a shorter one would cross out parts of words."""


class Redaction:
    """Crosses an endpoint's secrets out of whatever is to be shown: servers repeat what they were sent."""

    def __init__(self, url: str, api_key: str | None) -> None:
        """Take the key, and user and password of the URL, as they stand there and decoded."""
        user = urlsplit(url).netloc.rpartition("@")[0]
        password = user.partition(":")[2]
        found = {api_key or "", user, unquote(user), password, unquote(password)}
        # The longest first: what holds another goes as one.
        self._secrets = sorted((each for each in found if len(each) >= _SHORTEST), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return `text` with `[secret]` in the place of each secret."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text


def without_user(url: str) -> str:
    """Return a URL without the user and the password that may stand before its host."""
    user, at, _ = urlsplit(url).netloc.rpartition("@")
    return url.replace(user + at, "", 1)


def bearer_token(value: str, variable: str) -> str:
    """Return the key that an environment variable holds, without the blanks and line breaks around it.

    Raises:
        RequestRefused: It is empty, or cannot be sent in a header; the message does not show it.
    """
    key = value.strip()
    if not key:
        raise RequestRefused(
            f"generator.server.api_key_variable: {variable} is not set or empty. Export the key."
        )
    if " " in key or not (key.isascii() and key.isprintable()):
        raise RequestRefused(
            f"generator.server.api_key_variable: {variable} holds blanks, line breaks or letters that no key "
            "has. Export the key alone."
        )
    return key
