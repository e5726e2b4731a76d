"""The settings of AgentNAS. The numbers of the paper's text and appendix are the defaults.

This module does *not* search.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from generator.strategies.ranked import RankedSettings


class Settings(RankedSettings):
    """The table `[strategy.settings]` of AgentNAS."""

    scale: float = Field(default=1.0, gt=0.0, le=1.0)
    """Factor on the budgets: evaluations and patience of phase 1, generations of phase 3. At 0.05 a run takes
    minutes on a CPU. Our addition."""

    seed: str = ""
    """The seed, as a line of the space of trees or by the name of a family (`resnet`); phase 1 is left out
    then. Empty to look for one."""

    evaluations: int = Field(default=160, ge=1)
    """Attempts of phase 1."""

    patience: int = Field(default=64, ge=1)
    """Valid programs in a row without a better one after which phase 1 ends; failures cost attempts alone."""

    parallel: int = Field(default=8, ge=1, le=64)
    """Most architectures that the Planner proposes at a time: one for each GPU of the paper's machine."""

    repairs: int = Field(default=10, ge=0, le=20)
    """How often the Code Executor is shown an error of what it wrote, in phases 1 and 2."""

    explorations: int = Field(default=4, ge=0)
    """How often the Planner may send for the Data Explorer; our choice."""

    explorer_steps: int = Field(default=8, ge=2, le=50)
    """Steps of a Data Explorer, the last of which is its report; our choice."""

    retries: int = Field(default=2, ge=0, le=20)
    """How often the Planner or the Slot Planner is asked again for what could not be used, before rules take
    over; our choice."""

    remembered: int = Field(default=40, ge=1)
    """Own turns that the Planner sees: the last ones; our choice."""

    modular: int = Field(default=5, ge=0, le=20)
    """How often the Modularizer is told why its text is not the seed."""

    slots: int = Field(default=20, ge=1, le=40)
    """Slots of the Slot Planner that keep alternatives, the first ones."""

    alternatives: int = Field(default=8, ge=2, le=14)
    """Most alternatives of a slot, the seed's among them; identity and zeros of a model's slots come beside
    them. The paper's are four to eight."""

    assemblies: int = Field(default=16, ge=1, le=200)
    """Random choices that are probed before a space is searched."""

    running: float = Field(default=0.5, ge=0.0, le=1.0)
    """Share of them that must run."""

    replans: int = Field(default=3, ge=0, le=20)
    """How often a space is made anew whose choices do not run."""

    search: Literal["evolution", "random", "gdas"] = "evolution"
    """How the slots are searched: regularised evolution; as a control every choice by itself; or GDAS, which
    trains shared weights with a distribution over the choices, and has its likeliest judged."""

    shared_epochs: int = Field(default=8, ge=1)
    """Passes over the training split in which GDAS trains weights and distribution, each on one half; our
    choice. The script has the limits of `evaluator.scripts`."""

    shared_cost: int = Field(default=20, ge=0)
    """Evaluations that this is charged as: so many rows without a program. Our choice: as many as take its
    processor time, since a step of the distribution runs every alternative of each slot."""

    rates: bool = True
    """Whether the learning rate is a slot too, of factors from a quarter to four; never for GDAS."""

    population: int = Field(default=16, ge=4)
    """Trials that may become parents. The first are the seed, and as many with one slot changed as with two
    and drawn at random: 1, 5, 5 and 5."""

    tournament: int = Field(default=5, ge=1)
    """Members drawn for each child, of which the best becomes its parent."""

    generations: int = Field(default=10, ge=1)
    """Generations of phase 3 behind the first, each as many children as the population has members."""

    batch: int = Field(default=4, ge=1)
    """Children whose parents are chosen before any of them is judged; our choice."""

    @model_validator(mode="after")
    def _a_tournament_fits_into_the_population(self) -> Self:
        if self.tournament > self.population:
            raise ValueError(f"tournament ({self.tournament}) must be at most population ({self.population})")
        return self

    @property
    def rated(self) -> bool:
        """Whether the learning rate is searched."""
        return self.rates and self.search != "gdas"

    @property
    def choices(self) -> int:
        """Evaluations of phase 3, the seed's among them."""
        return self.population * (1 + self.scaled(self.generations))

    def scaled(self, budget: int) -> int:
        """Return a budget times `scale`, one at least."""
        return max(1, round(budget * self.scale))
