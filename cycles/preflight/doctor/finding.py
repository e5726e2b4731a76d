"""One line of what the doctor has to say."""

from __future__ import annotations

from enum import StrEnum

from corpus.records.base import Record


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    """As it should be."""
    WARN = "warn"
    """A run would work; slower, or less safe, than it could be."""
    FAULT = "fault"
    """A run would fail."""


class Finding(Record):
    """What one check found.

    Attributes:
        subject: What was looked at, in a word or two.
        level: How bad it is.
        says: What was found.
        fix: What to do about it; empty where all is well.
    """

    subject: str
    level: Level
    says: str
    fix: str = ""


def ok(subject: str, says: str) -> Finding:
    """Return a finding that needs no fix."""
    return Finding(subject=subject, level=Level.OK, says=says)


def warn(subject: str, says: str, fix: str) -> Finding:
    """Return a warning with its fix."""
    return Finding(subject=subject, level=Level.WARN, says=says, fix=fix)


def fault(subject: str, says: str, fix: str) -> Finding:
    """Return a fault with its fix."""
    return Finding(subject=subject, level=Level.FAULT, says=says, fix=fix)
