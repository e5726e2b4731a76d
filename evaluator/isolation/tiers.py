"""The layers of isolation, the tiers that they make, and the choice of one.

A layer counts only when it was seen to work here (`evaluator.isolation.probe`): kernels, containers and
security modules refuse them in ways that no version number tells. One layer alone is never enough, as each
leaves a way that another closes.

This module does *not* isolate anything.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from evaluator.errors import NoIsolationError


class Layer(StrEnum):
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
    """A set of layers that together contain a program; the strongest first."""

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
    def layers(self) -> tuple[Layer, ...]:
        """What it is made of."""
        return _LAYERS[self]


Isolation = Literal["auto", "full", "landlock", "namespaces", "bubblewrap", "unsafe"]
"""What a user may ask for: the strongest tier there is, or one tier and no other."""

_LAYERS = {
    Tier.FULL: (Layer.NAMESPACES, Layer.LANDLOCK, Layer.SECCOMP),
    Tier.LANDLOCK: (Layer.LANDLOCK, Layer.SECCOMP),
    Tier.NAMESPACES: (Layer.NAMESPACES, Layer.SECCOMP),
    Tier.BUBBLEWRAP: (Layer.BUBBLEWRAP, Layer.SECCOMP),
    Tier.UNSAFE: (),
}

COSTS = {
    Layer.NAMESPACES: "programs see names, sizes and dates of files, and cannot write scratch files",
    Layer.LANDLOCK: "file access rests on the mount table alone",
    Layer.SECCOMP: "nothing contains programs: they could start processes and use every system call",
    Layer.BUBBLEWRAP: "nothing, unless both namespaces and Landlock are refused",
}
"""What the absence of a layer costs."""

REMEDIES = {
    Layer.NAMESPACES: "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
    "kernel.apparmor_restrict_unprivileged_userns=0), or run the container with a profile that allows "
    "unshare and mount",
    Layer.LANDLOCK: "use a kernel of 6.2 or later with 'landlock' in its list of security modules (lsm=)",
    Layer.SECCOMP: "install libseccomp: apt-get install libseccomp2",
    Layer.BUBBLEWRAP: "apt-get install bubblewrap",
}
"""How to get a layer."""


class Finding(BaseModel):
    """What came of trying one layer.

    Attributes:
        layer: The layer.
        works: Whether it did what it promises.
        detail: Its version, or what went wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: Layer
    works: bool
    detail: str = ""


def choose_tier(wanted: Isolation, findings: tuple[Finding, ...]) -> Tier:
    """Return the tier to use.

    Args:
        wanted: What the user asked for.
        findings: What was found here, one for each layer.

    Raises:
        NoIsolationError: This machine does not offer it, or no tier at all; the message has the remedies.
    """
    works = {finding.layer for finding in findings if finding.works}
    if wanted != "auto":
        tier = Tier(wanted)
        if works.issuperset(tier.layers):
            return tier
        missing = [finding for finding in findings if finding.layer in tier.layers and not finding.works]
        raise NoIsolationError(f"isolation '{tier}' is not to be had here:\n{_listed(missing)}")
    for tier in Tier:
        if tier.layers and works.issuperset(tier.layers):
            return tier
    missing = [finding for finding in findings if not finding.works]
    raise NoIsolationError(
        "programs cannot be contained on this machine, so none is run:\n"
        f"{_listed(missing)}\n"
        "To run programs that you trust without isolation: --unsafe (evaluator.isolation = 'unsafe')."
    )


def describe(tier: Tier, findings: tuple[Finding, ...]) -> str:
    """Return the one line that a run prints at its start: the layers in use, and what a missing one costs."""
    if tier is Tier.UNSAFE:
        return "NO ISOLATION: programs can do whatever this user can do"
    line = " + ".join(tier.layers)
    if tier is Tier.FULL:
        return line
    in_use = {*tier.layers, *([Layer.NAMESPACES] if tier is Tier.BUBBLEWRAP else [])}
    lost = [each for each in findings if each.layer in Tier.FULL.layers and each.layer not in in_use]
    return f"{line}; without " + "; ".join(
        f"{each.layer} ({each.detail or 'not asked for'}): {COSTS[each.layer]}" for each in lost
    )


def _listed(findings: list[Finding]) -> str:
    return "\n".join(f"  {each.layer}: {each.detail}. Remedy: {REMEDIES[each.layer]}." for each in findings)
