"""Arms: two settings say who searches and who teaches, one place names what they make together."""

from __future__ import annotations

from pathlib import Path

import pytest

from cycles.config.arms import ArmName, arm_of, in_order
from cycles.config.run import load_config
from cycles.errors import ConfigError

ARMS = {
    "closed loop": [],
    "random-valid control": ["teaching.by=random-valid"],
    "frozen control": ["teaching.by=nobody"],
    "random search": ["strategy.name=random", "teaching.by=nobody"],
}


@pytest.mark.parametrize("words", ARMS)
def test_an_arm_is_named_by_what_it_sets_differently(words: str) -> None:
    arm = arm_of(load_config("cpu-tiny", [*ARMS[words], "seed=5", "candidates=3"]))
    assert arm.words == words
    assert arm.key.replace("-", "").isalpha()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["finetune.loss=kto"], "closed loop, by KTO"),
        (["finetune.loss=dpo", "teaching.guard=24"], "closed loop, by DPO, guarded"),
        (["finetune.loss=kto", "teaching.by=random-valid"], "random-valid control, by KTO"),
        (["teaching.imported=all"], "closed loop, with imported teachers"),
        (
            ["teaching.imported=all", "teaching.imported_first=true"],
            "closed loop, with imported teachers, who teach before the first cycle too",
        ),
        (["finetune.loss=kto", "teaching.guard=24", "teaching.by=nobody"], "frozen control"),
    ],
)
def test_a_loss_a_guard_and_imported_teachers_make_arms_of_their_own(settings: list[str], words: str) -> None:
    arm = arm_of(load_config("cpu-tiny", settings))
    assert arm.words == words
    assert len(arm.label) <= 10


def test_the_closed_loop_comes_first_and_strangers_last() -> None:
    stranger = ArmName("a", "an arm that nobody named", "a")
    arms = [arm_of(load_config("cpu-tiny", settings)) for settings in ARMS.values()]
    assert in_order({stranger, *reversed(arms)}) == [*arms, stranger]


def test_what_asks_no_model_leaves_none_to_teach() -> None:
    with pytest.raises(ConfigError, match=r"set teaching\.by to 'nobody'"):
        load_config("cpu-tiny", ["strategy.name=random"])


@pytest.mark.parametrize(
    ("earlier", "words"),
    [
        ('control = "none"', "closed loop"),
        ('control = "frozen"', "frozen control"),
        ('control = "random-valid"', "random-valid control"),
        ('[generator]\nsampler = "grammar"', "random search"),
        ('control = "random-valid"\n[generator]\nsampler = "grammar"', "random search"),
    ],
)
def test_a_configuration_of_an_earlier_version_is_the_arm_that_it_was(
    tmp_path: Path, earlier: str, words: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"cycles = 2\n{earlier}\n", encoding="utf-8")
    assert arm_of(load_config(str(file))).words == words


def test_an_unknown_control_of_an_earlier_version_is_no_key_of_today(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('control = "frosen"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="unknown key 'control'"):
        load_config(str(file))


def test_the_outline_of_an_earlier_version_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[generator]\nsampler = "server"\nskeleton = true\n', encoding="utf-8")
    assert load_config(str(file)).generator.outline
