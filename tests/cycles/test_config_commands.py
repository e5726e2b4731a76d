"""`archloop config` and `archloop init`: what they print is true, and what they write can be run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from cycles.cli.app import app
from cycles.cli.options import complete_preset
from cycles.config.document import commented_toml, differences, settings
from cycles.config.run import RunConfig, load_config, preset_names, save_config
from cycles.errors import UsageError

runner = CliRunner()


def tables(model: type[BaseModel]) -> list[type[BaseModel]]:
    inner = [field.annotation for field in model.model_fields.values()]
    found = [kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [model, *(table for kind in found for table in tables(kind))]


@pytest.mark.parametrize("table", tables(RunConfig), ids=lambda table: table.__name__)
def test_every_setting_is_described(table: type[BaseModel]) -> None:
    assert [name for name, field in table.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("name", preset_names())
def test_a_commented_preset_parses_back_to_itself(name: str) -> None:
    config = load_config(name)
    assert RunConfig.model_validate(tomllib.loads(commented_toml(config))) == config


def test_a_table_of_the_users_own_keys_parses_back_to_itself(tmp_path: Path) -> None:
    """A table among the settings is written inline, or it would take what follows it for its own."""
    inside = '{ a = 1, "b c" = { d = ["x"] }, e = [{ f = 2.5 }, { g = true }] }'
    config = load_config("smoke", [f"generator.server.extra={inside}", 'generator.server.drop=["seed"]'])
    assert RunConfig.model_validate(tomllib.loads(commented_toml(config))) == config
    save_config(config, tmp_path / "config.toml")
    assert load_config(str(tmp_path / "config.toml")) == config


def test_a_commented_configuration_holds_every_key_and_its_meaning() -> None:
    text = commented_toml(RunConfig())
    for dotted in settings(RunConfig()):
        key = dotted.rpartition(".")[2]
        assert f"\n{key} = " in text or f"\n# {key} = (not set)" in text, dotted
    assert "Validation accuracy in [0, 1] that a program must reach" in text


def test_a_comment_names_bounds_and_choices() -> None:
    text = commented_toml(RunConfig())
    assert "# Default: 0.85. More than 0, at most 1.\ntau = 0.85" in text
    assert '# Default: "winners". One of "winners", "random-valid", "nobody".\nby = "winners"' in text


def test_the_default_stays_in_sight_where_a_preset_differs() -> None:
    assert "# Default: 5. At least 1.\ncycles = 2" in commented_toml(load_config("smoke"))


def test_init_writes_a_file_that_reads_back_to_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    assert runner.invoke(app, ["init", str(file), "--preset", "smoke"]).exit_code == 0
    assert load_config(str(file)) == load_config("smoke")


def test_init_keeps_a_file_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("years of work")
    result = runner.invoke(app, ["init", str(file)])
    assert isinstance(result.exception, UsageError) and "archloop init FILE" in str(result.exception)
    assert file.read_text() == "years of work"


def test_a_difference_names_only_what_differs() -> None:
    ours = load_config("cpu-tiny", ["finetune.rank=4", "teaching.by=nobody"])
    assert differences(load_config("cpu-tiny"), ours) == {
        "teaching.by": ("winners", "nobody"),
        "finetune.rank": (16, 4),
    }


def test_diff_compares_a_run_with_the_default_preset(tmp_path: Path) -> None:
    save_config(load_config("cpu-tiny", ["seed=7"]), tmp_path / "config.toml")
    result = runner.invoke(app, ["config", "diff", str(tmp_path), "--json"])
    assert json.loads(result.stdout) == {"seed": {"first": 7, "second": 0}}


def test_diff_of_a_preset_with_itself_says_so() -> None:
    assert "the same configuration" in runner.invoke(app, ["config", "diff", "cpu-tiny"]).stdout


def test_the_schema_knows_every_key_and_refuses_others() -> None:
    schema = json.loads(runner.invoke(app, ["config", "schema"]).stdout)
    assert set(schema["properties"]) == set(RunConfig.model_fields)
    assert schema["additionalProperties"] is False


def test_presets_and_files_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "smooth.toml").touch()
    assert complete_preset("smo") == ["smoke", "smooth.toml"]


def test_the_shell_is_offered_the_presets() -> None:
    """As bash asks: with the line and the place of the cursor in the environment."""
    line = {"COMP_WORDS": "archloop run --preset sm", "COMP_CWORD": "3"}
    asked = {"_ARCHLOOP_COMPLETE": "complete_bash", **line}
    code = "import sys; sys.argv = ['archloop']; from cycles.cli.app import main; main()"
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, env={**os.environ, **asked}, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.stdout.split() == ["smoke"], result.stderr
