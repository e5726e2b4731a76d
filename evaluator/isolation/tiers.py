"""The barriers of isolation, the tiers that they make, and the choice of one.

A barrier counts only when it was seen to work here (`evaluator.isolation.probe`): kernels, containers and
security modules refuse them in ways that no version number tells. One barrier alone is never enough, as each
leaves a way that another closes.

This module does *not* isolate anything.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from evaluator.errors import NoIsolationError


class Barrier(StrEnum):
    """One mechanism of the kernel."""

    NAMESPACES = "namespaces"
    """A root with only libraries in it, processes of its own, no network, a scratch with a size."""
    LANDLOCK = "landlock"
    """Only libraries can be read; no TCP; no signals and no abstract sockets out (as its version allows)."""
    SECCOMP = "seccomp"
    """An allow-list of system calls: threads yes; processes, sockets and signals to others no."""
    BUBBLEWRAP = "bubblewrap"
    """Namespaces as the program `bwrap` makes them, which may do so where we may not."""


class Tier(StrEnum):
    """A set of barriers that together contain a program; the strongest first."""

    FULL = "full"
    """Namespaces, Landlock and seccomp."""
    LANDLOCK = "landlock"
    """Landlock and seccomp: as under the default profile of container engines."""
    NAMESPACES = "namespaces"
    """Namespaces and seccomp: for kernels without Landlock."""
    BUBBLEWRAP = "bubblewrap"
    """Bubblewrap and seccomp: where only `bwrap` may make namespaces."""
    UNSAFE = "unsafe"
    """Limits on time, memory and processes alone: a program can do what the user can do."""

    @property
    def barriers(self) -> tuple[Barrier, ...]:
        """What it is made of."""
        return _BARRIERS[self]


Isolation = Literal["auto", "full", "landlock", "namespaces", "bubblewrap", "unsafe"]
"""What a user may ask for: the strongest tier there is, or one tier and no other."""

_BARRIERS = {
    Tier.FULL: (Barrier.NAMESPACES, Barrier.LANDLOCK, Barrier.SECCOMP),
    Tier.LANDLOCK: (Barrier.LANDLOCK, Barrier.SECCOMP),
    Tier.NAMESPACES: (Barrier.NAMESPACES, Barrier.SECCOMP),
    Tier.BUBBLEWRAP: (Barrier.BUBBLEWRAP, Barrier.SECCOMP),
    Tier.UNSAFE: (),
}

COSTS = {
    Barrier.NAMESPACES: "programs see names, sizes and dates of files, and cannot write scratch files",
    Barrier.LANDLOCK: "file access rests on the mount table alone",
    Barrier.SECCOMP: "nothing contains programs: they could start processes and use every system call",
    Barrier.BUBBLEWRAP: "nothing, unless both namespaces and Landlock are refused",
}
"""What the absence of a barrier costs."""

REMEDIES = {
    Barrier.NAMESPACES: "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
    "kernel.apparmor_restrict_unprivileged_userns=0), or run the container with a profile that allows "
    "unshare and mount",
    Barrier.LANDLOCK: "use a kernel of 6.2 or later with 'landlock' in its list of security modules (lsm=)",
    Barrier.SECCOMP: "install libseccomp: apt-get install libseccomp2",
    Barrier.BUBBLEWRAP: "apt-get install bubblewrap",
}
"""How to get a barrier."""


class BarrierCheck(BaseModel):
    """What came of trying one barrier.

    Attributes:
        barrier: The barrier.
        works: Whether it did what it promises.
        detail: Its version, or what went wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    barrier: Barrier
    works: bool
    detail: str = ""


def choose_tier(wanted: Isolation, checks: tuple[BarrierCheck, ...]) -> Tier:
    """Return the tier to use.

    Args:
        wanted: What the user asked for.
        checks: What came of trying each barrier here.

    Raises:
        NoIsolationError: This machine does not offer it, or no tier at all; the message has the remedies.
    """
    works = {check.barrier for check in checks if check.works}
    if wanted != "auto":
        tier = Tier(wanted)
        if works.issuperset(tier.barriers):
            return tier
        missing = [check for check in checks if check.barrier in tier.barriers and not check.works]
        raise NoIsolationError(f"this machine does not offer isolation '{tier}':\n{_listed(missing)}")
    for tier in Tier:
        if tier.barriers and works.issuperset(tier.barriers):
            return tier
    missing = [check for check in checks if not check.works]
    raise NoIsolationError(
        "programs cannot be contained on this machine, so none is run:\n"
        f"{_listed(missing)}\n"
        "To run programs that you trust without isolation: --unsafe (evaluator.isolation = 'unsafe')."
    )


def describe(tier: Tier, checks: tuple[BarrierCheck, ...]) -> str:
    """Return the line that a run prints at its start: the barriers in use, and what a missing one costs."""
    if tier is Tier.UNSAFE:
        return "NO ISOLATION: programs can do whatever this user can do"
    line = " + ".join(tier.barriers)
    if tier is Tier.FULL:
        return line
    in_use = {*tier.barriers, *([Barrier.NAMESPACES] if tier is Tier.BUBBLEWRAP else [])}
    lost = [each for each in checks if each.barrier in Tier.FULL.barriers and each.barrier not in in_use]
    return f"{line}; without " + "; ".join(
        f"{each.barrier} ({each.detail or 'not asked for'}): {COSTS[each.barrier]}" for each in lost
    )


def _listed(checks: list[BarrierCheck]) -> str:
    return "\n".join(f"  {each.barrier}: {each.detail}. Remedy: {REMEDIES[each.barrier]}." for each in checks)
