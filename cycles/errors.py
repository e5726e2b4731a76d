"""The mistakes that the command line and the configuration find. Each is one line with the remedy."""

from __future__ import annotations

from corpus.records.mistakes import Mistake


class UsageError(Mistake):
    """Something the user gave cannot be used; the command changes nothing."""


class ConfigError(UsageError):
    """The configuration cannot be used."""


class Diverged(UsageError):
    """A search that runs again says other than what the ledger holds of it: its code or settings changed."""
