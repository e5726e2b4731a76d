"""A study: arms times seeds, read from one TOML file, each cell the configuration of an ordinary run.

    name = "digits"
    preset = "cpu-tiny"                # or a file, beside this one unless its path is absolute
    seeds = 5                          # 0 to 4, or a list
    retest = { seeds = 3 }

    [set]                              # for every arm
    evaluator.task = "digits"

    [arms.loop]
    [arms."random search"]
    strategy.name = "random"
    teaching.by = "nobody"

This module does *not* run anything (`cycles.studies` does).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from corpus.files.reading import UnfitFile, read_text
from corpus.records.mistakes import one_of
from cycles.config.document import toml_value
from cycles.config.run import MAX_CONFIG_BYTES, RunConfig, load_config
from cycles.config.toml import parse_toml
from cycles.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 +._-]{0,39}")


MOST_SEEDS = 20
"""Most seeds that a network is trained anew on."""


class RetestConfig(BaseModel):
    """How the best network of a run is trained anew, so that luck does not win."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    seeds: int = Field(default=3, ge=1, le=MOST_SEEDS)
    """Trainings on fresh seeds of the protocol; their mean is the figure."""
    top: int = Field(default=1, ge=1, le=20)
    """Networks that come into question, the best by validation accuracy. With more than one, each is trained
    on as many seeds first, and the best by the mean of those is what is trained on `seeds` fresh ones."""


class StudyConfig(BaseModel):
    """Everything that a study file may say."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, populate_by_name=True
    )

    name: str
    """What the study is called in its tables."""
    preset: str = "cpu-tiny"
    """The configuration under all arms: a preset's name, or a TOML file."""
    settings: dict[str, Any] = Field(default={}, alias="set")
    """Settings of every arm, on top of the preset."""
    seeds: tuple[int, ...]
    """Seeds of the runs: how many, counted from 0, or a list. Arms are paired by them."""
    retest: RetestConfig | None = None
    """How the best networks are trained anew; without it they are not."""
    arms: dict[str, dict[str, Any]]
    """The arms: a name, and the settings in which it differs."""

    @field_validator("seeds", mode="before")
    @classmethod
    def _counted(cls, seeds: Any) -> Any:
        return tuple(range(seeds)) if isinstance(seeds, int) else seeds

    @field_validator("seeds")
    @classmethod
    def _some_and_distinct(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise ValueError("give a number of seeds of at least 1, or a list of different ones from 0 on")
        return seeds

    @field_validator("arms")
    @classmethod
    def _arms_can_be_folders(cls, arms: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if len(arms) < 1:
            raise ValueError("a study needs an arm: [arms.NAME]")
        for name in arms:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"'{name[:50]}' cannot name an arm: up to 40 letters, digits, spaces and + . _ -"
                )
        if len({folder(name) for name in arms}) < len(arms):
            raise ValueError("two arms would share a folder: their names differ in spaces or case alone")
        return arms


@dataclass(frozen=True)
class Cell:
    """One run of a study.

    Attributes:
        arm: Its arm.
        seed: Its seed.
        config: All that the run is told.
        place: Its directory below the study's.
    """

    arm: str
    seed: int
    config: RunConfig
    place: str

    @property
    def words(self) -> str:
        """The run in words."""
        return f"{self.arm}, seed {self.seed}"


@dataclass(frozen=True)
class Study:
    """A study whose every cell is checked.

    Attributes:
        source: The file's text.
        file: The file.
        config: What it says.
        cells: Its runs, seed by seed, so that what is there at any time is paired.
        overrides: What was set for every run beside the file.
    """

    source: str
    file: Path
    config: StudyConfig
    cells: tuple[Cell, ...]
    overrides: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What its tables are headed: its name, and what was set beside the file."""
        return ", ".join([self.config.name, *self.overrides])


def load_study(file: Path, overrides: tuple[str, ...] = ()) -> Study:
    """Return the study of a file, with `overrides` on every run as `--set` has them.

    Raises:
        ConfigError: The file is not there or is broken, or the configuration of an arm does not fit.
    """
    try:
        source = read_text(file, MAX_CONFIG_BYTES)
        config = StudyConfig.model_validate(parse_toml(source))
    except UnfitFile as error:
        raise ConfigError(str(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}. Check the path and its permissions.") from None
    except ValidationError as error:
        raise ConfigError(f"{file}: {'; '.join(_explain(error))}") from None
    except ValueError as error:
        raise ConfigError(f"{file}: this is not valid TOML: {error}. Mend that line.") from None
    return Study(source, file, config, tuple(_cells(file, config, overrides)), overrides)


def folder(arm: str) -> str:
    """Return an arm's name as the beginning of a folder's."""
    return arm.strip().lower().replace(" ", "-")


def _cells(file: Path, config: StudyConfig, overrides: tuple[str, ...]) -> Iterator[Cell]:
    is_file = "/" in config.preset or config.preset.endswith(".toml")
    preset = str(file.parent / config.preset) if is_file else config.preset
    for seed in config.seeds:
        for arm, differing in config.arms.items():
            settings = [*_flat(config.settings), *_flat(differing), *overrides, f"seed={seed}"]
            try:
                run = load_config(preset, settings)
            except ConfigError as error:
                raise ConfigError(f"{file}: arm '{arm}': {error}") from None
            yield Cell(arm, seed, run, f"{folder(arm)}-{seed}")


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield nested tables as assignments of dotted keys, as `--set` takes them."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}={toml_value(value)}"


def _explain(error: ValidationError) -> Iterator[str]:
    for finding in error.errors()[:5]:
        path = ".".join(str(part) for part in finding["loc"])
        if finding["type"] == "extra_forbidden":
            known = [field.alias or name for name, field in StudyConfig.model_fields.items()]
            yield f"unknown key '{path[:100]}'.{one_of(path, known)}"
        else:
            yield f"{path[:100] or 'study'}: {finding['msg'].removeprefix('Value error, ')}"
