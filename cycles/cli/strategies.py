"""The command `strategies`, and the options of `run` that choose one.

This module does *not* import a strategy before it is asked for by name.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cycles.cli.options import JsonOption
from cycles.showing.terminal import console, say


def strategies(
    name: Annotated[
        str | None, typer.Argument(help="A strategy, to list its settings.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the search strategies, or the settings of one."""
    from generator.strategies.catalogue import STRATEGIES

    if name is not None:
        _show_settings(name, as_json)
        return
    rows = [
        {"name": each, "summary": known.summary, "space": known.over_space, "model": known.asks_model}
        for each, known in STRATEGIES.items()
    ]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
        return
    from rich.table import Table

    table = Table("strategy", "what it does", "over a space", "asks a model")
    for each, known in STRATEGIES.items():
        table.add_row(
            each, known.summary, "yes" if known.over_space else "-", "yes" if known.asks_model else "-"
        )
    console().print(table)
    say("Start one: archloop run --strategy NAME. Its settings: archloop strategies NAME.")


def _show_settings(name: str, as_json: bool) -> None:
    from generator.strategies.catalogue import settings_model

    rows = [
        {
            "setting": key,
            "default": field.get_default(call_default_factory=True),
            "meaning": field.description,
        }
        for key, field in settings_model(name).model_fields.items()
    ]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
        return
    if not rows:
        say(f"Strategy '{name}' has no settings of its own.")
    for row in rows:
        meaning = " ".join(str(row["meaning"]).split())
        say(f"strategy.settings.{row['setting']} = {row['default']}  {meaning}")


def search_settings(
    strategy: str | None, space: str | None, llm: str | None, teachers: str | None
) -> list[str]:
    """Return the assignments that the options stand for, and those that follow from them.

    What asks no model leaves none to teach; what searches a space of programs that are alike in their text
    needs novelty by the space's own key.
    """
    from generator.spaces.catalogue import require_space, textual
    from generator.strategies.catalogue import listed

    chosen = {"strategy.name": strategy, "strategy.space": space, "strategy.llm": llm}
    implied: dict[str, str] = {}
    if strategy is not None:
        if llm == "none" or not listed(strategy).asks_model:
            implied["teaching.by"] = "nobody"
        if space is not None and listed(strategy).over_space:
            require_space(space)
            implied |= {} if textual(space) else {"corpus.novelty": "key"}
    given = {"teaching.by": teachers} if teachers is not None else {}
    settings = {**{key: value for key, value in chosen.items() if value is not None}, **implied, **given}
    return [f"{key}={json.dumps(value)}" for key, value in settings.items()]
