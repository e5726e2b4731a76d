"""Configurations: presets load, mistakes are named with their remedy, and what is saved is what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from cycles.config.run import RunConfig, load_config, preset_names, save_config
from cycles.config.teaching import Teachers
from cycles.errors import ConfigError
from generator.config.strategy import StrategyConfig


@pytest.mark.parametrize("name", preset_names())
def test_every_shipped_preset_loads(name: str) -> None:
    assert load_config(name).cycles >= 1


def test_a_saved_configuration_reads_back_equal(tmp_path: Path) -> None:
    config = load_config("cpu-tiny", ["seed=7", "teaching.by='nobody'", "finetune.rank=4"])
    save_config(config, tmp_path / "config.toml")
    assert load_config(str(tmp_path / "config.toml")) == config


def test_an_override_reaches_a_nested_key() -> None:
    assert load_config("cpu-tiny", ["finetune.learning_rate=0.5"]).finetune.learning_rate == 0.5


def test_an_override_that_is_not_toml_is_a_string() -> None:
    assert load_config("cpu-tiny", ["teaching.by=random-valid"]).teaching.by is Teachers.RANDOM_VALID


@pytest.mark.parametrize(
    ("override", "remedy"),
    [
        ("finetune.lerning_rate=1.0", "Did you mean 'learning_rate'?"),
        ("generator.skeleton=true", "unknown key 'generator.skeleton'. Known: "),
        ("cycels=2", "Did you mean 'cycles'?"),
        ("cycles=zero", "cycles: "),
        ("cycles=0", "cycles: "),
        ("teaching.by='frosen'", "teaching.by: "),
        ("cycles.more=1", "'cycles' is a value, not a section"),
        ("cycles", "key.path=value"),
    ],
)
def test_a_wrong_override_is_named_with_its_remedy(override: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("cpu-tiny", [override])
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_preset_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'cpu-tiny'"):
        load_config("cpu-tny")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such configuration file"):
        load_config(str(tmp_path / "mine.toml"))


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("cycles = 3\nseed = = 4\n")
    with pytest.raises(ConfigError, match="line 2"):
        load_config(str(path))


def test_several_mistakes_are_reported_together() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("cpu-tiny", ["cycles=0", "candidates=0"])
    assert "cycles" in str(caught.value) and "candidates" in str(caught.value)


def test_a_configuration_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        RunConfig().seed = 3  # type: ignore[misc]


def test_a_run_that_aims_at_latency_measures_it() -> None:
    aims = [
        "strategy.name=evolution",
        "teaching.by=nobody",
        'strategy.settings.objective="accuracy,latency_seconds"',
    ]
    with pytest.raises(ConfigError, match=r"evaluator\.timed_images"):
        load_config("cpu-tiny", aims)
    assert load_config("cpu-tiny", [*aims, "evaluator.timed_images=8"]).evaluator.timed_images == 8


def test_a_portfolio_is_what_its_members_are() -> None:
    def portfolio(members: str, *more: str) -> StrategyConfig:
        given = [f"strategy.settings.members={{{members}}}", *more]
        return load_config("cpu-tiny", ["strategy.name=portfolio", *given]).strategy

    assert portfolio("closed-loop={}, evolution={}").asks_model
    ruled = portfolio("random={}, evolution={}", "teaching.by=nobody")
    assert not ruled.asks_model and not ruled.needs_answers
    with pytest.raises(ConfigError, match="asks no model, so that there is none to teach"):
        portfolio("random={}, evolution={}")
    rest = "closed-loop={batch=4}, edits={form='continuation', batch=4}"
    assert portfolio(rest, "corpus.novelty=structural").form == "continuation"
    with pytest.raises(ConfigError, match="novelty to 'structural'"):
        portfolio(rest)
    with pytest.raises(ConfigError, match="the embedded model writes whole programs alone"):
        portfolio("closed-loop={}, edits={}", "corpus.novelty=structural")


@pytest.mark.parametrize("name", ["closed-loop", "edits", "feedback", "portfolio"])
def test_a_strategy_that_needs_a_model_to_write_is_refused_without_one(name: str) -> None:
    with pytest.raises(ConfigError, match=f"strategy '{name}' asks the model for programs.*leave it out"):
        load_config("cpu-tiny", [f"strategy.name={name}", "strategy.llm=none", "teaching.by=nobody"])
