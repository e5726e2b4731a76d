"""What the trials of a search say of its arms: the planner's beliefs, recomputed from the rows alone.

This module does *not* plan.
"""

from __future__ import annotations

from collections.abc import Iterable

from corpus.objectives import named_objectives
from corpus.records.search.trials import Trial
from generator.strategies.llmastool.idea import read_idea
from generator.strategies.llmastool.parents import better
from generator.strategies.llmastool.planner import Belief, Posterior
from generator.strategies.llmastool.settings import Settings


def posterior_of(trials: Iterable[Trial], settings: Settings) -> Posterior:
    """Return what the planner of a search believes after `trials`, all of them in their order."""
    posterior = Posterior(Belief(settings.prior_successes, settings.prior_failures))
    objectives, evaluations = named_objectives(settings.objective), {}
    for candidate, evaluation, _ in trials:
        evaluations[candidate.id] = evaluation
        idea = read_idea(candidate.idea or "")
        if idea is not None and candidate.parents:
            before = evaluations.get(candidate.parents[0])
            helped = better(evaluation, before, objectives, settings.caps)
            posterior.learn(idea.arm, better=helped)
    return posterior
