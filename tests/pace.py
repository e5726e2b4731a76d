"""How slow the machine is now: limits of time are set for a quick one, and it is the work that they bound."""

from __future__ import annotations

import ast
import time
from collections import Counter

QUICK_SECONDS = 0.012
"""Processor time of `_yardstick` on a quick machine; estimated on a slower one from a loop timed on both."""

_TEXT = "class Net(nn.Module):\n def forward(self, x): return F.relu(self.conv(x) + x).flatten(1)\n" * 200


def _yardstick() -> float:
    """Return the processor time, in seconds, of a fixed piece of what readers do."""
    start = time.process_time()
    Counter(type(node) for node in ast.walk(ast.parse(_TEXT)))
    return time.process_time() - start


def slowness() -> float:
    """Return how many times longer this machine takes now than a quick one, or 1.0 where it is as quick."""
    return max(1.0, min(_yardstick() for _ in range(5)) / QUICK_SECONDS)
