"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

PresetOption = Annotated[str, typer.Option("--preset", "-p", help="A preset's name, or a TOML file.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="Override a key: --set cycles=3 --set finetune.rank=8")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON lines instead of text.")]
