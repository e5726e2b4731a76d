"""What the tables of a run's configuration ask of one another: the first demand that is not met.

Each table checks its own settings; how a run shares its devices is checked where that is a setting
(`cycles.config.run`). This module does *not* know that class, only the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from corpus.config import CorpusConfig
from cycles.config.stopping import StoppingConfig
from cycles.config.teaching import Imported, Teachers, TeachingConfig
from evaluator.config import EvaluatorConfig
from generator.config.generator import GeneratorConfig
from generator.config.strategy import StrategyConfig
from generator.prompts.asides import ASIDES
from generator.spaces.catalogue import textual


@dataclass(frozen=True)
class Tables:
    """The tables that ask something of one another."""

    corpus: CorpusConfig
    generator: GeneratorConfig
    strategy: StrategyConfig
    evaluator: EvaluatorConfig
    teaching: TeachingConfig
    stopping: StoppingConfig

    def disagreement(self) -> str | None:
        """Return the first demand that is not met, with its remedy; None where all are."""
        return next(self._disagreements(), None)

    @property
    def _embedded(self) -> bool:
        """Whether the model of the package writes."""
        return self.generator.model == "embedded" and self.generator.weights_here

    def _disagreements(self) -> Iterator[str]:
        if self.stopping.strong is not None and (self.evaluator.table or self.evaluator.supernet):
            yield "where a table or a supernet answers nothing is trained: leave stopping out"
        if self.teaching.by is not Teachers.NOBODY and not self.strategy.asks_model:
            yield (
                f"strategy '{self.strategy.name}' asks no model, so that there is none to teach: set "
                "teaching.by to 'nobody'"
            )
        for name in ("imported_from", "imported_first"):
            if getattr(self.teaching, name) and self.teaching.imported is Imported.NONE:
                yield (
                    f"teaching.{name}: nobody would learn from imported programs: set teaching.imported to "
                    "'best-per-family' or 'all', or leave it out"
                )
        if self.strategy.llm == "none" and self.strategy.needs_answers:
            yield (
                f"strategy.llm: strategy '{self.strategy.name}' asks the model for programs, and \"none\" "
                "leaves nobody to write them: leave it out, or set strategy.name to one that goes by rules "
                "as well, such as 'evolution' or 'llmastool'"
            )
        yield from self._misunderstandings()
        yield from self._strangers_to_a_space()
        yield from self._strangers_to_edits()
        chosen = [each for each in ASIDES if getattr(self.strategy, each) != "protocol"]
        if chosen and (self.evaluator.table or self.evaluator.supernet):
            yield f"strategy.{chosen[0]}: a table or a supernet answers, nothing is trained: leave it out"
        wanted = str(self.strategy.settings.get("objective", ""))
        if "latency_seconds" in wanted and not self.evaluator.timed_images:
            yield (
                "nobody measures latency_seconds, which strategy.settings.objective names: set "
                "evaluator.timed_images, to 16 for example"
            )

    def _misunderstandings(self) -> Iterator[str]:
        """Yield what the model would be told that it has no words for."""
        told_ideas = self.strategy.name == "closed-loop" and self.strategy.ideas is not None
        if told_ideas and self._embedded:
            yield (
                "strategy.ideas: the embedded model knows one sentence alone, and writes no valid program "
                "where an idea stands beside it: set generator.model to another, or leave strategy.ideas out "
                '(teaching.niche = "shown" balances what is taught without it)'
            )
        if self.strategy.blocks and self.generator.template == "compact":
            yield (
                "strategy.blocks: template 'compact' has no words for them: set generator.model to one "
                "that chats, and generator.template to 'instruct', or leave blocks out"
            )
        said = [each for each in ASIDES if getattr(self.strategy, each) == "model"]
        added = ["blocks"] if self.strategy.blocks else said
        if added and not self.strategy.prompts:
            yield (
                f"strategy.{added[0]}: strategy '{self.strategy.name}' hands in programs, asks for none in "
                "a prompt: leave it out, or set strategy.name to 'closed-loop' or 'feedback'"
            )
        if said and self.generator.template == "compact":
            yield (
                f"strategy.{said[0]}: template 'compact' has no words to ask for them: set it to 'optuna' or "
                "'random', or generator.template to 'instruct' with a model that chats"
            )
        if self.strategy.chats and self.generator.template == "compact":
            yield (
                f"strategy '{self.strategy.name}' tells its model what template 'compact' has no words for: "
                "set generator.model to a model that chats, and generator.template to 'instruct'"
            )

    def _strangers_to_edits(self) -> Iterator[str]:
        """Yield who cannot write an edit, or tell it from its parent."""
        if self.strategy.asks_for_edits and self._embedded:
            yield (
                "strategy 'edits': the embedded model writes whole programs alone, and no edit: set "
                'strategy.settings = { form = "continuation" }, or generator.model to another, and '
                "generator.template to 'instruct' where it chats"
            )
        if (self.strategy.varies or self.strategy.asks_for_edits) and self.generator.outline:
            yield "generator.outline forces whole programs where parts are asked for: set it to false"
        if self.strategy.varies and self.corpus.novelty in ("lexical", "both"):
            yield (
                "an edit is a near-duplicate of its parent by its text, so that none would be new: set "
                "corpus.novelty to 'structural'"
            )

    def _strangers_to_a_space(self) -> Iterator[str]:
        """Yield who cannot tell or judge the points of the space that is searched."""
        name, over_space = self.strategy.space, self.strategy.over_space
        if over_space and self.corpus.novelty in ("lexical", "both") and not textual(name):
            yield (
                f"the programs of the space '{name}' are too alike for novelty by their text: set "
                "corpus.novelty to 'key' or 'structural'"
            )
        if self.evaluator.supernet and not (over_space and name in ("cells", "cells-3")):
            yield (
                "evaluator.supernet is over cells: set strategy.name to a strategy over a space, and "
                "strategy.space to 'cells' or 'cells-3'"
            )
