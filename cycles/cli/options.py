"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
