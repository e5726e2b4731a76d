"""`archloop config`: look at presets and resolved configurations, compare two, and print their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.text import escaped
from cycles.cli.options import JsonOption, PresetOption, SetOption, complete_preset
from cycles.showing.terminal import say

if TYPE_CHECKING:
    from cycles.config.run import RunConfig

config_app = typer.Typer(help="Show, compare and describe configurations.", no_args_is_help=True)

_SOURCE = "A preset's name, a TOML file, or the directory of a run."


@config_app.command("show")
def show(preset: PresetOption = "cpu-tiny", overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Print the resolved configuration as TOML: what `archloop run` with the same options would do."""
    import tomli_w

    from cycles.config.run import load_config

    values = load_config(preset, overrides or []).model_dump(mode="json", exclude_none=True)
    typer.echo(json.dumps(values) if as_json else escaped(tomli_w.dumps(values)).rstrip())


@config_app.command("diff")
def diff(
    first: Annotated[str, typer.Argument(help=_SOURCE, show_default=False, autocompletion=complete_preset)],
    second: Annotated[str, typer.Argument(help=_SOURCE, autocompletion=complete_preset)] = "cpu-tiny",
    as_json: JsonOption = False,
) -> None:
    """Print the settings in which two configurations differ, each with both values."""
    from cycles.config.document import differences, toml_value

    found = differences(_configuration(first), _configuration(second))
    if as_json:
        pairs = {key: {"first": ours, "second": theirs} for key, (ours, theirs) in found.items()}
        typer.echo(json.dumps(pairs))
        return
    if not found:
        say(f"{first} and {second} are the same configuration.")
        return
    rows = [("", first, second)]
    rows += [(key, toml_value(ours), toml_value(theirs)) for key, (ours, theirs) in found.items()]
    key_width, first_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    for key, ours, theirs in rows:
        say(f"{key:<{key_width}}  {ours:<{first_width}}  {theirs}")


@config_app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a configuration, for editors that complete and check TOML by it."""
    from cycles.config.run import RunConfig

    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **RunConfig.model_json_schema()}
    typer.echo(json.dumps(document, indent=2))


@config_app.command("presets")
def presets() -> None:
    """List the shipped presets."""
    from cycles.config.run import preset_names

    for name in preset_names():
        typer.echo(name)


def _configuration(source: str) -> RunConfig:
    """Return the configuration of a run's directory, a file or a preset."""
    from cycles.config.run import load_config, preset_names
    from cycles.run.run_directory import RunDirectory

    if source not in preset_names() and Path(source).is_dir():
        return RunDirectory.open(Path(source)).config()
    return load_config(source)
