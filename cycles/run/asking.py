"""What a run would ask or draw at its start, apart from any ledger: prompts of the closed loop, or programs.

For commands that let the generator write without a run, and for measuring what a candidate costs. This module
does *not* run a search: nothing is heard of what it proposes.
"""

from __future__ import annotations

import random

from corpus.records.base import derive_seed
from corpus.records.prompts import Prompt
from corpus.records.search.proposals import Proposal
from cycles.config.run import RunConfig
from cycles.parts import space_of, task_shape
from cycles.run.starting_corpus import plain_request
from generator.spaces.proposing import proposed
from generator.strategies.closed_loop import ClosedLoop


def plain_prompts(config: RunConfig, cycle: int, count: int) -> list[Prompt]:
    """Return the first prompts of a cycle as the closed loop asks them, without exemplars."""
    messages = plain_request(config, task_shape(config))
    return [
        Prompt(
            id=f"c{cycle:03d}/p{index:04d}",
            strategy=ClosedLoop.name,
            template=config.generator.template,
            messages=messages,
            seed=derive_seed(config.seed, "prompt", cycle, index),
        )
        for index in range(count)
    ]


def plain_proposals(config: RunConfig, cycle: int, count: int) -> list[Proposal]:
    """Return prompts where the run's model writes, else programs drawn from the run's space."""
    if config.strategy.asks_model:
        return [Proposal(program=prompt) for prompt in plain_prompts(config, cycle, count)]
    space = space_of(config)
    seeds = [derive_seed(config.seed, "prompt", cycle, index) for index in range(count)]
    points = [space.sample(random.Random(seed)) for seed in seeds]
    return [proposed(space, point, operator="sample", decisions=()) for point in points]
