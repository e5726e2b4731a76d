"""The settings of FairNAD. This module does *not* build anything."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from generator.ideas.sampling import Sampling
from generator.strategies.ranked import RankedSettings


class Settings(RankedSettings):
    """The table `[strategy.settings]` of FairNAD."""

    objective: str = "accuracy,parameters,flops"
    """What parents are ranked by, with NSGA-II's crowding among equals: several of `accuracy`, `parameters`
    and `flops`, or `accuracy` alone."""

    fair: int = Field(default=8, ge=0, le=100)
    """Children of a round that carry out an idea drawn from the template. 8 : 8 : 4 is from notes on the full
    paper."""

    pareto: int = Field(default=8, ge=0, le=100)
    """Children of a round that go by no idea: small parents are scaled up, of others an argument is tuned."""

    iterative: int = Field(default=4, ge=0, le=100)
    """Children of a round that carry out ideas similar, then opposite to those that helped most: the first
    half of them the one, the other half the other. 0 is an ablation."""

    sampling: Sampling = "fair"
    """How ideas are drawn: `fair`, a category, then a sub-category, then an idea, each uniformly; or
    `uniform` over the ideas as they happen to be spread, an ablation."""

    parents: Literal["pareto", "random"] = "pareto"
    """Who is changed: the winner of a tournament of two among the fittest `population`, and its size decides
    whether it is scaled up or tuned; or, as an ablation, any valid network, and a coin."""

    population: int = Field(default=20, ge=1)
    """Networks that may become parents: the fittest so far. Our choice: a round."""

    top_ideas: int = Field(default=5, ge=1)
    """Ideas that similar and opposite ones are looked for: those whose children gained most over their
    parents, on average. Our choice."""

    carry: Literal["codemod", "model"] = "codemod"
    """Who carries out an idea that has a codemod: that, and the model places it and writes what has none; or
    the model first, and the codemod where it fails. Our choice is the codemod: it hallucinates nothing, and a
    small model cannot write trees at all."""

    debug: int = Field(default=2, ge=0, le=10)
    """How often the model is shown its mistake and writes anew. From notes on the full paper."""

    downscale: int = Field(default=4, ge=0, le=10)
    """How often a network that is too large is made smaller; what is too large even then is a failure. From
    notes on the full paper; 0 is an ablation."""

    oversize: float = Field(default=16.0, ge=1.0, le=1_000.0)
    """How many times the run's cap on parameters a draft may have before it is made smaller. Our choice: the
    square of a network four times as wide."""

    layers: int = Field(default=3, ge=0)
    """Layers with weights, convolutions or linear maps, that a network must have. Our choice."""

    second_opinion: bool = False
    """Whether the model is asked, too, if a child carries its idea. The structure check decides; that the
    model says otherwise is noted, since the paper's own check by a model often failed."""

    redraws: int = Field(default=8, ge=0, le=100)
    """How often another idea is drawn where one cannot be carried out; after that the attempt is charged
    without a program. Our choice."""

    offered: int = Field(default=8, ge=2, le=8)
    """Options of one choice of the model at most. Our choice."""

    start: tuple[str, ...] = ()
    """Trees that the search starts from, each as the space's name for one of its own (`resnet`) or as an
    encoding; empty for all of the space's own."""

    @model_validator(mode="after")
    def _a_round_has_children(self) -> Self:
        if not self.fair + self.pareto + self.iterative:
            raise ValueError("fair, pareto and iterative are all 0: let a round have children")
        return self
