"""The evaluator's own errors. A bad program is none: it gets an `Evaluation`."""

from __future__ import annotations


class UnknownTaskError(ValueError):
    """A user's mistake: there is no task of that name; the message lists what there is."""


class SandboxError(RuntimeError):
    """Broken machinery: the processes that programs run in cannot be started. It judges nothing."""


class ZygoteDied(SandboxError):
    """A zygote went away while it was in use. It is replaced and the program judged again."""
