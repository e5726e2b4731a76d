"""What a study file says, and what it may not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from cycles.config.study import load_study
from cycles.config.teaching import Teachers
from cycles.errors import ConfigError

STUDY = """
name = "digits"
preset = "smoke"
seeds = 2

[set]
cycles = 3
evaluator.hyperparameters = { weight_decay = 0.1 }

[arms.loop]

[arms."random search"]
strategy.name = "random"
teaching.by = "nobody"
"""


COMMITTED = sorted((Path(__file__).parents[2] / "scripts").glob("study_*.toml"))


def study_file(folder: Path, text: str = STUDY) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_arm_has_every_seed_and_what_differs(tmp_path: Path) -> None:
    cells = load_study(study_file(tmp_path)).cells
    assert [(cell.arm, cell.seed, cell.place) for cell in cells] == [
        ("loop", 0, "loop-0"),
        ("random search", 0, "random-search-0"),
        ("loop", 1, "loop-1"),
        ("random search", 1, "random-search-1"),
    ]
    assert [cell.config.strategy.name for cell in cells[:2]] == ["closed-loop", "random"]
    assert [cell.config.teaching.by for cell in cells[:2]] == [Teachers.WINNERS, Teachers.NOBODY]
    assert {cell.config.seed for cell in cells} == {0, 1}
    assert {cell.config.cycles for cell in cells} == {3}
    assert all(cell.config.evaluator.hyperparameters == {"weight_decay": 0.1} for cell in cells)


def test_quoted_dotted_keys_and_overrides_are_settings_too(tmp_path: Path) -> None:
    text = STUDY.replace('strategy.name = "random"', '"strategy.name" = "random"')
    study = load_study(study_file(tmp_path, text), ("cycles=1",))
    assert study.cells[1].config.strategy.name == "random"
    assert {cell.config.cycles for cell in study.cells} == {1}


def test_the_title_names_what_was_set_beside_the_file(tmp_path: Path) -> None:
    file = study_file(tmp_path)
    name = load_study(file).title
    assert (
        load_study(file, ("cycles=1", "evaluator.resize=8")).title == f"{name}, cycles=1, evaluator.resize=8"
    )


def test_a_base_configuration_lies_beside_the_study(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text("candidates = 7\n", encoding="utf-8")
    study = load_study(study_file(tmp_path, STUDY.replace('"smoke"', '"base.toml"')))
    assert {cell.config.candidates for cell in study.cells} == {7}


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("seeds = 2", "seeds = 0", "at least 1"),
        ("seeds = 2", "seeds = [1, 1]", "different"),
        ("seeds = 2", "", "seeds"),
        ("seeds = 2", "seeds = 2\nretests = 3", "Did you mean 'retest'?"),
        ("seeds = 2", "seeds = 2\nretest = { seeds = 0 }", "retest.seeds"),
        ("[arms.loop]", '[arms."../loop"]', "cannot name an arm"),
        ("[arms.loop]", "[arms.Random-search]", "share a folder"),
        ("[arms.loop]", "[arms.loop]\nstrategy.nme = 1", "arm 'loop'"),
        ("[arms.loop]", "[arms.loop", "not valid TOML"),
    ],
)
def test_a_mistake_names_the_file_and_the_place(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    assert wrong in STUDY
    with pytest.raises(ConfigError) as error:
        load_study(study_file(tmp_path, STUDY.replace(wrong, right, 1)))
    assert "study.toml" in str(error.value) and said in str(error.value)


@pytest.mark.parametrize("file", COMMITTED, ids=lambda file: file.stem)
def test_a_committed_study_can_be_read_and_no_two_of_its_arms_are_one(file: Path) -> None:
    cells = load_study(file).cells
    seed = cells[0].seed
    arms = [cell.config for cell in cells if cell.seed == seed]
    assert len(arms) > 1 and all(arm not in arms[:place] for place, arm in enumerate(arms))
    assert len({arm.cycles * arm.candidates for arm in arms}) == 1, "budgets differ"
