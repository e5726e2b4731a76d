"""The settings of LLMasTool. This module does *not* build anything."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from generator.strategies.ranked import RankedSettings


class Settings(RankedSettings):
    """The table `[strategy.settings]` of LLMasTool."""

    planner: Literal["thompson", "uniform"] = "thompson"
    """Who chooses the operation and the prompt category: Thompson sampling over what has helped so far, with
    repeats after a success; or a uniform draw, its control, which repeats nothing."""

    epsilon: float = Field(default=0.5, ge=0.0, le=1.0)
    """Share of the choices that Thompson sampling leaves to a uniform draw, in [0, 1]. From notes on the full
    paper."""

    prior_successes: float = Field(default=1.0, gt=0.0)
    """First parameter of each arm's Beta prior, in trials. Our choice: with 1 and 1 nothing is known."""

    prior_failures: float = Field(default=1.0, gt=0.0)
    """Second parameter of it, in trials."""

    repeat: bool = True
    """Whether the operation that has just improved a network is tried once more on the improved one. From
    notes on the full paper; under `uniform` nothing is repeated."""

    top: int = Field(default=5, ge=1)
    """Best networks that may become parents. Notes on the full paper name 5 and 25, for searches of 100 and
    of 500 networks."""

    niches: bool = True
    """Whether parents of crowded niches are chosen less often; without, the best are chosen alike."""

    batch: int = Field(default=4, ge=1, le=100)
    """Children proposed at a time, planned before any of them is judged. Our choice."""

    modules: Literal["mined", "primitive"] = "mined"
    """Which modules edits may put in: all that the space has, or our own primitives alone, a control."""

    offered: int = Field(default=8, ge=2, le=8)
    """Options of one choice at most, drawn from those that a rule lets through. Our choice."""

    probe: bool = True
    """Whether each child is built in the sandbox before it is proposed: one that fails, or whose recorded
    graph is its parent's, is replaced. Nothing is trained for it."""

    redraws: int = Field(default=8, ge=0)
    """How often a child that cannot be made, or does not pass its probe, is planned anew; what fails once
    more is charged as an attempt without a program. Our choice."""

    start: tuple[str, ...] = ()
    """Trees that the search starts from, each as the space's name for one of its own (`resnet`) or as an
    encoding; empty for all of the space's own. Notes on the full paper start from ResNet-32 alone: set
    `["resnet"]` for as large a one as there is room for."""

    objective: str = "accuracy"
    """What better means: `accuracy`, or several such as `accuracy,parameters` (also `flops`), where a child
    must be better than its parent by one and worse by none."""
