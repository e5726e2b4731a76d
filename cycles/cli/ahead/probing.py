"""The command that says what programs build, before anybody pays for a training.

This module does *not* judge: a program that passes a probe may still learn nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.mistakes import command_line
from corpus.records.text import one_line
from cycles.cli.endings import keeping
from cycles.cli.options import JsonOption, PresetOption, SetOption, TrustOption, UnsafeOption, agreed_config
from cycles.errors import UsageError
from cycles.showing.terminal import say

if TYPE_CHECKING:
    from corpus.records.search.probes import Probe

CarryOption = Annotated[
    bool,
    typer.Option("--carry", help="The programs classify images: carry them to the task (docs/kinds.md)."),
]


def probe(
    files: Annotated[list[Path], typer.Argument(help="Programs to probe.", show_default=False)],
    unsafe: UnsafeOption = False,
    task: Annotated[str | None, typer.Option("--task", help="Task, such as digits or texshapes.")] = None,
    preset: PresetOption = "cpu-tiny",
    overrides: SetOption = None,
    carry: CarryOption = False,
    trusted: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say what programs build: lint, build, one forward pass in the sandbox; nothing is trained."""
    from cycles.carrying import Carrier
    from cycles.parts import build_sandbox, task_shape

    sources = [read_program(path) for path in files]
    settings = [*(overrides or []), *([f"evaluator.task={task}"] if task else [])]
    config = agreed_config(preset, settings, unsafe=unsafe, trusted=trusted)
    with keeping("nothing was printed."), build_sandbox(config) as evaluator:
        if not as_json:
            say(f"Sandbox: {evaluator.isolation}", err=True)
        carrier = Carrier(task_shape(config) if carry else None)
        probes = evaluator.probe([carrier.source(each) for each in sources])
    for path, found in zip(files, probes, strict=True):
        if as_json:
            typer.echo(json.dumps({"path": str(path), **found.model_dump(mode="json")}))
        else:
            say(f"{one_line(path)}  {_in_words(found)}")


def _in_words(probe: Probe) -> str:
    """Return the line for people: `PASSED  parameters 1,370  FLOPs 11,776  output (10)`."""
    words = ["PASSED" if probe.failure is None else str(probe.failure)]
    if probe.parameters is not None:
        words.append(f"parameters {probe.parameters:,}")
    if probe.flops is not None:
        words.append(f"FLOPs {probe.flops:,}")
    if probe.output_shape is not None:
        words.append(f"output ({', '.join(map(str, probe.output_shape))})")
    return "  ".join([*words, one_line(probe.error)] if probe.error else words)


def read_program(path: Path) -> str:
    """Return the text of a program that the user names.

    Raises:
        UsageError: There is none.
    """
    from corpus.files.reading import MAX_PROGRAM_BYTES, read_text

    try:
        return read_text(path, MAX_PROGRAM_BYTES, errors="replace", pipes=True)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file.") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a directory. Name its programs: {command_line(path)}/*.py") from None
