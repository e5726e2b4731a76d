"""The configuration of a run: presets in TOML, a file of the user's own, dotted overrides, all checked at
once.

The resolved configuration is saved with the run and is the only thing that decides what the run does: no
environment variable and no module-level state changes behaviour. Each room owns its part
(`generator.config.generator` and so on); this module puts them together and turns pydantic's findings into
one line per mistake. It loads no torch.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from corpus.config import CorpusConfig
from corpus.files.reading import UnfitFile, read_text
from corpus.files.whole import write_whole
from corpus.records.mistakes import one_of
from cycles.config.budget import BudgetConfig
from cycles.config.earlier import under_todays_names
from cycles.config.scale import ScaleConfig
from cycles.config.stopping import StoppingConfig
from cycles.config.teaching import Teachers, TeachingConfig
from cycles.config.toml import parse_toml
from cycles.errors import ConfigError
from evaluator.config import EvaluatorConfig
from finetune.config import FinetuneConfig
from generator.config.generator import GeneratorConfig
from generator.config.strategy import StrategyConfig
from generator.spaces.catalogue import textual

PRESETS = Path(__file__).parent / "presets"

MAX_CONFIG_BYTES = 250_000
"""Largest configuration file."""

MAX_DEPTH = 4
"""Most sections around a setting that an override may name."""

MAX_FINDINGS = 10
"""Most mistakes that one message lists."""

_GIVEN = reprlib.Repr()
_GIVEN.maxstring = _GIVEN.maxother = _GIVEN.maxlong = 200
_GIVEN.maxlevel = 3

Tracking = Literal["none", "trackio", "tensorboard"]


class Sharing(StrEnum):
    """How the sampler and the trainer live together, on one GPU or on two."""

    ALTERNATE = "alternate"
    """They take turns: the sampler gives all its memory back before a fine-tuning, and starts again after it
    with the new adapter."""
    COLOCATE = "colocate"
    """Both at once: the sampler keeps its share of the memory, the trainer has to do with the rest."""
    SEPARATE = "separate"
    """Both at once, each on a device of its own: `generator.device` and `finetune.device`."""


class RunConfig(BaseModel):
    """Everything that decides what a run does."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    seed: int = Field(default=0, ge=0)
    """Every other seed of the run is derived from this one."""
    cycles: int = Field(default=5, ge=1)
    """Number of cycles, cycle 0 (before any fine-tuning) included."""
    candidates: int = Field(default=160, ge=1)
    """Programs sampled and judged in each cycle."""
    sharing: Sharing = Sharing.COLOCATE
    """How sampler and trainer share the memory of their devices."""
    tracking: Tracking = "none"
    """Who else gets each cycle's figures, on this machine alone; needs the extra `track` or `tensorboard`."""
    strategy: StrategyConfig = StrategyConfig()
    """Who searches: decides what is tried next."""
    teaching: TeachingConfig = TeachingConfig()
    """Who teaches: whose programs the generator learns from."""
    corpus: CorpusConfig = CorpusConfig()
    """What counts as new, and what may enter the corpus."""
    generator: GeneratorConfig = GeneratorConfig()
    """Which model writes programs, and how its answers are drawn."""
    evaluator: EvaluatorConfig = EvaluatorConfig()
    """How a program is judged, and how it is contained."""
    stopping: StoppingConfig = StoppingConfig()
    """When hopeless trainings are ended early."""
    finetune: FinetuneConfig = FinetuneConfig()
    """How winners become a LoRA adapter."""
    budget: BudgetConfig = BudgetConfig()
    """What ends the run before its last cycle."""
    scale: ScaleConfig = ScaleConfig()
    """On which machines programs are judged."""

    @property
    def learns(self) -> bool:
        """Whether anything is fine-tuned."""
        return self.teaching.by is not Teachers.NOBODY

    @property
    def one_device(self) -> bool:
        """Whether sampler and trainer run on the same device."""
        return same_device(self.generator.device) == same_device(self.finetune.device)

    @model_validator(mode="after")
    def _what_is_ended_early_is_trained(self) -> RunConfig:
        if self.stopping.strong is not None and (self.evaluator.table or self.evaluator.supernet):
            raise ValueError("where a table or a supernet answers nothing is trained: leave stopping out")
        return self

    @model_validator(mode="after")
    def _who_is_taught_writes(self) -> RunConfig:
        if self.learns and not self.strategy.asks_model:
            raise ValueError(
                f"strategy '{self.strategy.name}' asks no model, so that there is none to teach: set "
                "teaching.by to 'nobody'"
            )
        return self

    @model_validator(mode="after")
    def _who_is_told_ideas_understands_them(self) -> RunConfig:
        told = self.strategy.name == "closed-loop" and self.strategy.ideas is not None
        if told and self.generator.model == "embedded" and self.generator.weights_here:
            raise ValueError(
                "strategy.ideas: the embedded model knows one sentence alone, and writes no valid program "
                "where an idea stands beside it: set generator.model to another, or leave strategy.ideas out "
                '(teaching.niche = "shown" balances what is taught without it)'
            )
        return self

    @model_validator(mode="after")
    def _novelty_can_tell_the_points_of_a_space(self) -> RunConfig:
        strategy = self.strategy
        by_text = self.corpus.novelty in ("lexical", "both")
        if strategy.over_space and by_text and not textual(strategy.space):
            raise ValueError(
                f"the programs of the space '{strategy.space}' are too alike for novelty by their text: set "
                "corpus.novelty to 'key' or 'structural'"
            )
        return self

    @model_validator(mode="after")
    def _what_stands_in_for_training_knows_the_programs(self) -> RunConfig:
        strategy = self.strategy
        if self.evaluator.supernet and not (strategy.over_space and strategy.space in ("cells", "cells-3")):
            raise ValueError(
                "evaluator.supernet is over cells: set strategy.name to a strategy over a space, and "
                "strategy.space to 'cells' or 'cells-3'"
            )
        return self

    @model_validator(mode="after")
    def _what_is_aimed_at_is_measured(self) -> RunConfig:
        wanted = str(self.strategy.settings.get("objective", ""))
        if "latency_seconds" in wanted and not self.evaluator.timed_images:
            raise ValueError(
                "nobody measures latency_seconds, which strategy.settings.objective names: set "
                "evaluator.timed_images, to 16 for example"
            )
        return self

    @model_validator(mode="after")
    def _the_sampler_can_share(self) -> RunConfig:
        elsewhere = self.generator.served_elsewhere
        alternate = self.sharing is Sharing.ALTERNATE
        if alternate and elsewhere:
            raise ValueError(
                "sharing 'alternate' cannot stop the server at generator.server.url: drop the url"
            )
        if alternate and not self.generator.gives_memory_back:
            raise ValueError(
                "sharing 'alternate' needs a sampler that gives its memory back, and vLLM in this process "
                "never does: set generator.sampler to 'server'"
            )
        if alternate and self.learns and self.teaching.late:
            raise ValueError(
                "under sharing 'alternate' sampler and trainer take turns, under teaching.late they work at "
                "the same time: set sharing to 'colocate' or 'separate'"
            )
        if self.sharing is Sharing.SEPARATE and self.one_device and not elsewhere:
            raise ValueError(
                "sharing 'separate' needs two devices: generator.device and finetune.device are both "
                f"'{self.finetune.device}'; set one to 'cuda:1', for example"
            )
        return self


def same_device(device: str) -> str:
    """Return one name for each device: `cuda` for the first GPU, whether it is called that or `cuda:0`."""
    return "cuda" if device == "cuda:0" else device


def preset_names() -> list[str]:
    """Return the names of the shipped presets."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def load_config(source: str = "cpu-tiny", overrides: Sequence[str] = ()) -> RunConfig:
    """Return the configuration of a preset or a TOML file, with `key.path=value` overrides on top.

    Args:
        source: The name of a preset, or the path of a TOML file (anything with a slash or ending in `.toml`).
        overrides: Dotted assignments; the value is read as TOML, or as a plain string where it is not TOML.

    Raises:
        ConfigError: The preset or file is not there or is broken, a key is unknown, or a value does not fit.
    """
    values = _read(source)
    for override in overrides:
        _assign(values, override)
    return _validated(values, source)


def save_config(config: RunConfig, path: Path) -> None:
    """Write the resolved configuration as TOML; keys that are None are left out, as TOML has no null."""
    write_whole(path, tomli_w.dumps(config.model_dump(mode="json", exclude_none=True)))


def _read(source: str) -> dict[str, Any]:
    if "/" in source or source.endswith(".toml"):
        path = Path(source)
        if not path.is_file():
            raise ConfigError(f"{source}: no such configuration file. Presets: {', '.join(preset_names())}.")
    else:
        path = PRESETS / f"{source}.toml"
        if not path.is_file():
            raise ConfigError(f"There is no preset '{source}'.{one_of(source, preset_names())}")
    try:
        text = read_text(path, MAX_CONFIG_BYTES)
    except UnfitFile as error:
        raise ConfigError(str(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: cannot be read: {error}. Check the path and its permissions.") from None
    try:
        return under_todays_names(parse_toml(text))
    except ValueError as error:
        raise ConfigError(f"{source}: this is not valid TOML: {error}. Mend that line.") from None


def _assign(values: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not path.strip():
        raise ConfigError(f"--set {override}: write it as key.path=value, for example --set cycles=3.")
    try:
        value = parse_toml(f"value = {text}")["value"]
    except ValueError:
        value = text
    *parents, leaf = path.strip().split(".")
    if len(parents) > MAX_DEPTH:
        raise ConfigError(f"--set {override[:60]}...: no setting lies deeper than {MAX_DEPTH} sections.")
    table = values
    for name in parents:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"--set {override}: '{name}' is a value, not a section.")
    table[leaf] = value


def _validated(values: dict[str, Any], source: str) -> RunConfig:
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        said = list(islice(_explain(error), MAX_FINDINGS))
        more = error.error_count() - len(said)
        raise ConfigError(f"{source}: {'; '.join(said)}{f'; and {more} more' if more else ''}") from None


def _explain(error: ValidationError) -> Iterator[str]:
    for finding in error.errors():
        location = [str(part) for part in finding["loc"]]
        path = ".".join(location)
        if finding["type"] == "extra_forbidden":
            known = _known_keys(location[:-1])
            yield f"unknown key '{_cut(path)}'.{one_of(_cut(location[-1]), known)}"
        else:
            message = finding["msg"].removeprefix("Value error, ")
            yield f"{_cut(path) or 'configuration'}: {message} (given: {_GIVEN.repr(finding['input'])})"


def _cut(text: str, longest: int = 100) -> str:
    return text if len(text) <= longest else f"{text[:longest]}..."


def _known_keys(location: Sequence[str]) -> list[str]:
    model: type[BaseModel] = RunConfig
    for name in location:
        annotation = model.model_fields[name].annotation if name in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
