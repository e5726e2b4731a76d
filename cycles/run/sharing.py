"""The run's sampler under the policy by which it shares memory with the trainer
(`cycles.config.run.Sharing`).

This module does *not* stop servers or free memory itself: samplers do, in `release`.
"""

from __future__ import annotations

from collections.abc import Callable

from cycles.config.run import Sharing
from generator.samplers.contract import Sampler


class SharedSampler:
    """Builds the run's sampler when it is first asked for, and has it make room for a training.

    Args:
        build: Makes the sampler.
        sharing: Whether it gives way to the trainer.
    """

    def __init__(self, build: Callable[[], Sampler], sharing: Sharing) -> None:
        self._build, self._sharing = build, sharing
        self._sampler: Sampler | None = None

    def __call__(self) -> Sampler:
        """Return the sampler."""
        if self._sampler is None:
            self._sampler = self._build()
        return self._sampler

    def make_room(self) -> None:
        """Release the sampler's memory where the two take turns."""
        if self._sharing is Sharing.ALTERNATE and self._sampler is not None:
            self._sampler.release()
