"""Durations, sizes, shares and numbers of things as people say them, the same everywhere in archloop.

This module does *not* say numbers of a chart's axis (`cycles.reporting.svg` does).
"""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a time as `40 s`, `12 min` or `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def byte_size(count: float) -> str:
    """Return a number of bytes as `840 KiB`, `3 MiB` or `2.4 GiB`."""
    if count < 2**20:
        return f"{count / 2**10:.0f} KiB"
    return f"{count / 2**20:.0f} MiB" if count < 2**30 else f"{count / 2**30:.1f} GiB"


def percent(share: float) -> str:
    """Return a share in whole per cent: `41%`."""
    return f"{share:.0%}"


def counted(number: int, noun: str) -> str:
    """Return a number of things as `1 program`, `1,200 programs` or `no programs`."""
    return f"{f'{number:,}' if number else 'no'} {noun}{'' if number == 1 else 's'}"
