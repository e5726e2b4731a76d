"""The commands `archloop modules ...`: mine modules from source code, probe them, look at what there is.

A library of modules is a ledger file, or the ledger of a run. Modules are named by their ids, by any
beginning that only one id has, or by their class's name where only one module has it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus.records.mistakes import command_line
from cycles.cli.endings import keeping
from cycles.cli.options import JsonOption, UnsafeOption
from cycles.errors import UsageError
from cycles.showing.steps import steps
from cycles.showing.terminal import console, say

if TYPE_CHECKING:
    from cycles.modules.figures import Standing

_PIPE_WIDTH = 140
_SHOWN_REASONS = 12

modules_app = typer.Typer(
    help="Libraries of modules that networks are built of: mined from source code, probed in the sandbox.",
    no_args_is_help=True,
)

LibraryOption = Annotated[
    Path, typer.Option("--library", help="The library: a ledger file, or a run's directory.")
]
ModuleArgument = Annotated[
    str, typer.Argument(help="A module's id, or the beginning of one, or its name.", show_default=False)
]
DEFAULT_LIBRARY = Path("modules.db")


@modules_app.command()
def mine(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Files, folders, installed packages such as torch.nn, or runs, whose admitted programs are "
            "mined. None: only probe what is not probed yet.",
            show_default=False,
        ),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Modules probed at the same time.")] = 2,
    probing: Annotated[bool, typer.Option("--probe/--no-probe", help="Whether to probe them.")] = True,
    unsafe: UnsafeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find modules in source code, which is read and never imported, and probe them in the sandbox.

    What the library holds already is not probed again, so a command that was stopped is given once more.
    """
    from cycles.modules import filling

    names = places or []
    if names:
        filling.require_sources(names)
    else:
        filling.opened_library(library).close()  # raises where there is none
    again = command_line("archloop", "modules", "mine", *names, "--library", library)
    kept = keeping(f"what was mined and probed is kept. Go on with: {again}")
    with kept, filling.library_to_fill(library) as ledger:
        with steps("Mining", None, as_json) as step:
            mined = filling.mine(ledger, names, step)
        probed = _probe(ledger, workers, unsafe, as_json) if probing else 0
        summary = _summary(ledger)
    counts = mined.counts
    if as_json:
        found = {"files": counts.files, "found": counts.classes, "skipped": dict(counts.skipped)}
        row = {"library": str(library), **found, "added": mined.added, "probed": probed, **summary}
        typer.echo(json.dumps(row))
        return
    if names:
        reasons = ", ".join(f"{reason}: {number}" for reason, number in sorted(counts.skipped.items()))
        why = f" ({reasons})" if reasons else ""
        say(
            f"{counts.files} files read, {sum(counts.skipped.values())} passed over{why}; {counts.classes} "
            f"modules found, {mined.added} of them new."
        )
    say(
        f"{library}: {summary['distinct']} distinct modules, {summary['carried']} stand on their own, "
        f"{summary['tried']} ran in the sandbox, {summary['usable']} can be used."
    )


@modules_app.command("list")
def list_(
    library: LibraryOption = DEFAULT_LIBRARY,
    name: Annotated[str | None, typer.Option("--name", help="Only modules whose name holds this.")] = None,
    usable: Annotated[bool, typer.Option("--usable", help="Only modules that can be used.")] = False,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="The most modules to list.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the modules of a library, with what they do to images or why they cannot be used."""
    found = [
        each
        for each in _standings(library)
        if (name is None or name.lower() in each.module.name.lower()) and (each.usable or not usable)
    ]
    if as_json:
        for each in found[:limit]:
            typer.echo(json.dumps(_row(each)))
        return
    if found:
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for column, widest in (
            ("id", 16),
            ("name", 24),
            ("origin", 18),
            ("licence", 14),
            ("what it does", None),
        ):
            table.add_column(column, no_wrap=True, overflow="ellipsis", max_width=widest)
        for each in found[:limit]:
            row = _row(each)
            table.add_row(*(str(row[str(column.header)]) for column in table.columns))
        console(pipe_width=_PIPE_WIDTH).print(table)
    say(f"{len(found)} modules" + (f", {limit} listed (more with --limit)." if len(found) > limit else "."))


@modules_app.command()
def show(
    module: ModuleArgument, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> None:
    """Print all that is known of one module: where it comes from, its probes, its text."""
    from cycles.modules.figures import shortfall
    from cycles.modules.filling import opened_library

    with opened_library(library) as ledger:
        known = {each.module.id: each for each in _standings(library)}
        found = known[_resolved(module, known)]
        probes = ledger.module_probes(found.module.id)
    if as_json:
        rows = [each.model_dump(mode="json") for each in probes]
        typer.echo(json.dumps({**found.module.model_dump(mode="json"), "probes": rows}))
        return
    mined = found.module
    arguments = ", ".join(
        each.name + ("" if each.default is None else f"={each.default}") for each in mined.arguments
    )
    say(f"{mined.name}({arguments})")
    say(f"{mined.id}  {mined.origin}  {mined.location}  {mined.licence}")
    if mined.flaw is not None:
        say(f"It does not stand on its own: {mined.flaw}")
    for probe in probes:
        setting = ", ".join(f"{name}={value}" for name, value in probe.setting.items())
        say(f"- ({setting}) {shortfall(probe) or _in_words(probe)}")
    typer.echo()
    for line in mined.text.splitlines():
        say(line)


@modules_app.command()
def stats(library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False) -> None:
    """Count the modules of a library by origin and licence, and why others cannot be used."""
    from cycles.modules.figures import Figures, by_origin, figures_of, reasons

    known = _standings(library)
    groups, why = by_origin(known), reasons(known)
    if as_json:
        rows = [
            {"origin": origin, "licence": licence, **figures._asdict()}
            for (origin, licence), figures in groups.items()
        ]
        total = figures_of(known)._asdict()
        typer.echo(json.dumps({"library": str(library), **total, "origins": rows, "reasons": dict(why)}))
        return
    from rich.table import Table

    table = Table("origin", "licence", box=None, pad_edge=False)
    table.columns[1].max_width, table.columns[1].no_wrap, table.columns[1].overflow = 40, True, "ellipsis"
    for column in Figures._fields:
        table.add_column(column, justify="right")
    for (origin, licence), figures in groups.items():
        table.add_row(origin, licence, *map(str, figures))
    table.add_row("all", "", *map(str, figures_of(known)))
    console(pipe_width=_PIPE_WIDTH).print(table)
    for reason, count in why[:_SHOWN_REASONS]:
        say(f"{count:>5}  {reason}")
    if len(why) > _SHOWN_REASONS:
        say(f"{sum(count for _, count in why[_SHOWN_REASONS:]):>5}  other reasons (all of them with --json)")


def _probe(ledger: Any, workers: int, unsafe: bool, as_json: bool) -> int:
    """Probe what is not probed yet; the sandbox starts only where there is something to do."""
    from cycles.modules.filling import probe_missing, unprobed
    from cycles.modules.probing import probing_config
    from evaluator.supervisor.sandbox import SandboxedEvaluator

    waiting = len(unprobed(ledger))
    if not waiting:
        return 0
    config = probing_config(workers).model_copy(update={"isolation": "unsafe"} if unsafe else {})
    with SandboxedEvaluator(config) as evaluator, steps("Probing", waiting, as_json) as step:
        if not as_json:
            say(f"Sandbox: {evaluator.isolation}", err=True)
        return probe_missing(ledger, evaluator.probe, step)


def _summary(ledger: Any) -> dict[str, int]:
    from cycles.modules.figures import figures_of, standings

    return figures_of(standings(ledger.modules(), ledger.module_probes()))._asdict()


def _standings(library: Path) -> list[Standing]:
    from cycles.modules.figures import standings
    from cycles.modules.filling import opened_library

    with opened_library(library) as ledger:
        return standings(ledger.modules(), ledger.module_probes())


def _resolved(given: str, known: dict[str, Standing]) -> str:
    """Return the id of the one module that goes by a name or the beginning of an id.

    Raises:
        UsageError: There is none, or more than one.
    """
    from corpus.ledger.catalogue import UnknownProgramError, resolve_id
    from corpus.records.mistakes import did_you_mean

    named = [identifier for identifier, each in known.items() if each.module.name == given]
    if len(named) == 1:
        return named[0]
    if named:
        listed = ", ".join(f"{each} ({known[each].module.location})" for each in named[:5])
        raise UsageError(f"{len(named)} modules are called '{given}': {listed}. Give an id.")
    try:
        return resolve_id(given, known)
    except UnknownProgramError:
        hint = did_you_mean(given, {each.module.name for each in known.values()})
        raise UsageError(f"There is no module '{given}' here.{hint} See: archloop modules list") from None


def _row(standing: Standing) -> dict[str, Any]:
    module = standing.module
    what = "not probed yet" if standing.reason is None else standing.reason
    if standing.usable:
        several = f"{len(standing.usable)} settings, the first: " if len(standing.usable) > 1 else ""
        what = several + _in_words(standing.usable[0])
    return {
        "id": module.id,
        "name": module.name,
        "origin": module.origin,
        "location": module.location,
        "licence": module.licence,
        "usable": len(standing.usable),
        "what it does": what,
    }


def _in_words(probe: Any) -> str:
    """Return what a setting does: `channels free, sides halved, 18,496 parameters`."""
    channels = {"grouped": f"in multiples of {probe.divisor}", "multiple": f"times {probe.multiple}"}
    words = [f"channels {channels.get(probe.channels, probe.channels)}"]
    words.append("sides kept" if probe.stride == 1 else "sides halved")
    words += [] if probe.layout == "first" else [f"channels laid {probe.layout}"]
    words.append(f"{probe.parameters:,} parameters at {probe.probe_channels[0]} to {probe.probe_channels[1]}")
    return ", ".join(words)
