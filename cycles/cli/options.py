"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cycles.config.run import RunConfig


def complete_preset(incomplete: str) -> list[str]:
    """Return the presets, and the TOML files beside what is typed, that begin with `incomplete`."""
    from cycles.config.run import preset_names

    folder = incomplete.rpartition("/")[0]
    files = (str(path) for path in Path(folder).glob("*.toml"))
    return [name for name in (*preset_names(), *sorted(files)) if name.startswith(incomplete)]


PresetOption = Annotated[
    str,
    typer.Option("--preset", "-p", help="A preset's name, or a TOML file.", autocompletion=complete_preset),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="Override a key: --set cycles=3 --set finetune.rank=8")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON lines instead of text.")]
UnsafeOption = Annotated[
    bool,
    typer.Option("--unsafe", help="Run programs without isolation. Only for programs that you trust."),
]
TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust-config", help="Start the interpreter, or drop the isolation, that the configuration names."
    ),
]


def agreed_config(
    preset: str, overrides: Sequence[str], *, unsafe: bool = False, trusted: bool = False
) -> RunConfig:
    """Return the configuration of a command that runs things, once the user has agreed to what it hands over.

    Raises:
        ConfigError: It is broken, or asks for what the command line does not.
    """
    from cycles.config.run import load_config
    from cycles.config.trust import require_consent

    settings = [*overrides, *(['evaluator.isolation="unsafe"'] if unsafe else [])]
    config = load_config(preset, settings)
    require_consent(config, preset, settings, trusted=trusted)
    return config
