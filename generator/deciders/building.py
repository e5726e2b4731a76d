"""The decider that the settings ask for. This module does *not* build samplers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from generator.deciders.chance import ChanceDecider
from generator.deciders.contract import Decider
from generator.deciders.sampling import SamplingDecider
from generator.samplers.contract import Sampler

Llm = Literal["generator", "none"]
"""Who answers the questions of a search: the generator's own model, or no model at all."""


def build_decider(llm: Llm, sampler: Callable[[], Sampler]) -> Decider:
    """Return who answers the questions of a search.

    Args:
        llm: Whether a model does.
        sampler: Returns the run's sampler; called when the first question comes, with `none` never.
    """
    return ChanceDecider() if llm == "none" else SamplingDecider(sampler)
