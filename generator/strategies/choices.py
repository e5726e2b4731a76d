"""Who may choose what is added to the proposals of a strategy, by name: all that a configuration must know.

This module imports nothing, since every command reads a configuration; it does *not* choose.
"""

from __future__ import annotations

from typing import Literal

Chooser = Literal["protocol", "random", "optuna", "model"]
"""Who chooses hyperparameters, or augmentations (`generator.strategies.tuning`)."""

By = Literal["similarity", "diversity", "chance"]
"""How blocks are chosen (`generator.strategies.retrieving`)."""
