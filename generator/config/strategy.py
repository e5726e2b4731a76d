"""Settings of the search strategy. This module does *not* build one and imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from generator.deciders.building import Llm
from generator.spaces.catalogue import require_space
from generator.strategies.catalogue import StrategyError, first_fault, listed, settings_of
from generator.strategies.choices import By, Chooser

SHIPPED = "shipped"
"""What the pool of ideas that comes with the package is called."""


class StrategyConfig(BaseModel):
    """The `[strategy]` table of a run's configuration: who searches, and where."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = "closed-loop"
    """Who decides what is tried next; `archloop strategies` lists them. `package.module` is one of your own
    (see CONTRIBUTING.md)."""

    space: str = "grammar"
    """What a strategy over a space searches: `grammar` (programs of many forms), `cells` (one cell, stacked),
    `macro` (stages of blocks), `trees` (trees of modules, edited by transformations)."""

    library: str | None = None
    """Mined modules that trees may be made of beside our own primitives: a library's file
    (`archloop modules mine`), or another run. It is copied into the run when that is made. For `trees`, and
    for `blocks` in prompts."""

    ideas: str | None = None
    """Design ideas: `shipped` for those of the package, or a file (`archloop ideas build`). They are copied
    into the run when that is made. The closed loop puts one, drawn fairly, into each prompt, unless the
    embedded model writes; strategies that always go by ideas take the shipped ones where none are named."""

    llm: Llm = "generator"
    """Who answers a strategy's questions: the model of `[generator]`, or `none`: rules and seeded draws."""

    blocks: int = Field(default=0, ge=0, le=8)
    """Mined modules of `library` whose code each prompt shows, for a model that chats; 0 shows none."""

    blocks_by: By = "similarity"
    """How they are chosen: by `similarity` to the best program so far, by `diversity`, or, as a control, by
    `chance`."""

    hyperparameters: Chooser = "protocol"
    """Who chooses what a program is trained with (learning rate, momentum, dropout, batch, weight decay): the
    `protocol`, the same for all; `random`, a seeded draw; `optuna`, which needs the extra `tune`; or `model`,
    in its answers, which the embedded model cannot."""

    transforms: Chooser = "protocol"
    """Who chooses what is done to the images that a program is trained on (flip, shift, contrast, brightness,
    noise, erase), likewise; the `protocol` does nothing but `evaluator.flip`."""

    settings: dict[str, Any] = {}
    """The strategy's own settings; `archloop strategies NAME` lists them."""

    @property
    def asks_model(self) -> bool:
        """Whether a language model takes part."""
        return any(listed(name).asks_model for name in self._searchers) and self.llm != "none"

    @property
    def chats(self) -> bool:
        """Whether its prompts say what the template `compact` has no words for."""
        return listed(self.name).chats

    @property
    def prompts(self) -> bool:
        """Whether its proposals may be prompts; of a stranger's strategy nobody knows."""
        return "." in self.name or self.needs_answers

    @property
    def needs_answers(self) -> bool:
        """Whether it hands in prompts, which a model alone can answer."""
        return any(not listed(name).over_space for name in self._searchers)

    @property
    def varies(self) -> bool:
        """Whether its programs are changes of others: edits, or continuations."""
        return self.form != "program"

    @property
    def asks_for_edits(self) -> bool:
        """Whether some of its prompts ask for an edit, of a program that works or of one that failed."""
        mends = bool(self._searchers.get("edits", {}).get("repairs"))
        return self.form == "edit" or (self.form == "program" and mends)

    @property
    def form(self) -> str:
        """What its prompts ask for: an `edit`, a `continuation` of what they begin, or a whole `program`."""
        edits = self._searchers.get("edits")
        return "program" if edits is None else str(edits.get("form", "edit"))

    @property
    def _searchers(self) -> Mapping[str, Mapping[str, Any]]:
        """Who proposes, by name, with its settings: the strategy itself, or the members of a portfolio."""
        if self.name != "portfolio":
            return {self.name: self.settings}
        members: Mapping[str, Mapping[str, Any]] = settings_of(self.name, self.settings).members  # type: ignore[attr-defined]
        return members

    @property
    def over_space(self) -> bool:
        """Whether the strategy searches the space."""
        return listed(self.name).over_space

    @property
    def idea_pool(self) -> str | None:
        """Which ideas the strategy goes by: `shipped`, a file, None for none."""
        return self.ideas or (SHIPPED if listed(self.name).ideas == "always" else None)

    @field_validator("space")
    @classmethod
    def _known_space(cls, name: str) -> str:
        require_space(name)
        return name

    @model_validator(mode="after")
    def _a_library_is_for_trees_or_prompts(self) -> Self:
        if self.library is not None and self.space != "trees" and not self.blocks:
            raise ValueError(
                f"library: the space '{self.space}' is not made of modules: set strategy.space to \"trees\", "
                "or blocks to 2, or leave library out"
            )
        if self.blocks and self.library is None:
            raise ValueError("blocks: set library to where they are taken from (archloop modules mine)")
        return self

    @model_validator(mode="after")
    def _ideas_are_for_who_goes_by_them(self) -> Self:
        if self.ideas is not None and listed(self.name).ideas == "never":
            raise ValueError(f"ideas: strategy '{self.name}' goes by none: leave ideas out")
        return self

    @model_validator(mode="after")
    def _settings_are_the_strategys(self) -> Self:
        if "." in self.name:  # a stranger's module is not imported before the user has agreed to it
            return self
        try:
            settings_of(self.name, self.settings)
        except StrategyError as error:
            raise ValueError(str(error)) from None
        except ValidationError as error:
            raise ValueError(first_fault(error, "settings")) from None
        return self
