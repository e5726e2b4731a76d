"""What a trainer is asked to do."""

from __future__ import annotations

from collections.abc import Callable

StepCallback = Callable[[int, int, float], None]
"""Called after each optimiser step with its number (from 1), the number of steps, its mean loss (nats)."""
