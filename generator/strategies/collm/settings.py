"""The settings of CoLLM-NAS. This module does *not* build anything."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Settings(BaseModel):
    """The table `[strategy.settings]` of CoLLM-NAS."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    batch: int = Field(default=10, ge=1, le=100)
    """Candidates of one strategy, charged whatever becomes of them."""

    roles: Literal["two", "one"] = "two"
    """`two`: a navigator and a generator, asked apart; `one`: each call gives a strategy and candidates."""

    navigator: Literal["json", "rule", "none"] = "json"
    """Who makes the strategies: the model, as a document; the frequencies of the best networks alone; or
    nobody, which leaves what the coordinator is worth by itself."""

    generator: Literal["json", "choose", "rule"] = "json"
    """Who writes candidates: the model, as a list of encodings; the model, by one choice after the other, so
    that none is illegal; or draws that lean to the strategy."""

    navigator_memory: bool = True
    """Whether the navigator sees its earlier strategies and their results, not the last results alone."""

    generator_memory: bool = False
    """Whether the generator sees the last results; without, it sees the strategy alone."""

    remembered: int = Field(default=10, ge=1)
    """Rounds that a navigator with memory is shown, the newest: a context is not endless."""

    regenerations: int = Field(default=2, ge=0)
    """How often a batch is filled up again where candidates were known already or missing; what is missing
    after that is charged. Illegal candidates are charged at once."""

    @model_validator(mode="after")
    def _one_model_in_both_roles_answers_in_one_document(self) -> Settings:
        if self.roles == "one" and (self.navigator, self.generator) != ("json", "json"):
            raise ValueError(
                "roles 'one' is one document for both roles: leave navigator and generator 'json'"
            )
        return self
