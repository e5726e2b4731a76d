"""The commands `archloop ideas ...` that look into pools of ideas, and at how runs cover them.

A pool is the one that comes with the package, a file, or that of a run. Parts of its template are named by
their paths, as far down as is meant: `operator`, `operator/activation`, `operator/activation/smooth`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.mistakes import command_line, did_you_mean
from cycles.cli.ideas.access import ledger_at, pool_at, run_ideas, within
from cycles.cli.options import JsonOption
from cycles.errors import UsageError
from cycles.showing.terminal import console, say

if TYPE_CHECKING:
    from corpus.ledger.reader import Ledger
    from corpus.records.search.trials import Trial

PIPE_WIDTH = 140

ideas_app = typer.Typer(
    help="Design ideas, sorted by a template: those shipped, of a file, of a run; new ones of papers.",
    no_args_is_help=True,
)

PoolOption = Annotated[
    Path | None,
    typer.Option("--ideas", help="A file of ideas, or a run; the shipped ideas where none is named."),
]
AtOption = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="PATH", help="Only this part of the template, such as operator/activation."),
]


@ideas_app.command("list")
def list_(
    ideas: PoolOption = None,
    at: AtOption = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="The most ideas to list.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List ideas, in the order of the template."""
    pool = pool_at(ideas)
    found = [idea for leaf in within(pool, at) for idea in pool.by_path.get(leaf.path, ())]
    if as_json:
        for idea in found[:limit]:
            typer.echo(json.dumps(idea.model_dump(mode="json")))
        return
    for idea in found[:limit]:
        say(f"{idea.id}  {idea.path}" + ("  (codemod)" if idea.codemod else ""))
        say(f"    {idea.statement}")
    say(f"{len(found)} ideas" + (f", {limit} listed (more with --limit)." if len(found) > limit else "."))


@ideas_app.command()
def show(
    idea: Annotated[str, typer.Argument(help="An idea's id.", show_default=False)],
    ideas: PoolOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print all that is known of one idea: what it says, where it was read, its codemod."""
    pool = pool_at(ideas)
    if idea not in pool.ideas:
        hint = did_you_mean(idea, pool.ideas)
        raise UsageError(f"There is no idea '{idea}' here.{hint} See: archloop ideas list")
    found = pool.ideas[idea]
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json")))
        return
    say(f"{found.id}  {found.path}  by {found.author}")
    say(found.statement)
    for source in found.sources:
        place = f", {source.section}" if source.section else ""
        say(f"- {source.title}{place} ({source.licence})")
    if found.opposite is not None:
        say(f"Its opposite: {found.opposite}")
    if found.codemod is None:
        say("No codemod: it is for a model to carry out.")
        return
    for name, value in found.codemod.model_dump(mode="json", exclude_defaults=True).items():
        say(f"{name}: {' '.join(value) if isinstance(value, list) else value}")


@ideas_app.command()
def stats(ideas: PoolOption = None, as_json: JsonOption = False) -> None:
    """Count ideas by level, category and sub-category, with codemods and by author."""
    from generator.ideas.census import census

    pool = pool_at(ideas)
    found = census(pool)
    even = {"categories": found.categories, "subcategories": found.leaves}
    if as_json:
        parts = [each._asdict() for each in found.parts]
        total = {"ideas": len(pool.ideas), "authors": found.authors, "evenness": even}
        typer.echo(json.dumps({**total, "parts": parts}))
        return
    from rich.table import Table

    table = Table("part of the template", "ideas", "codemods", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for each in found.parts:
        *above, name = each.path.split("/")
        table.add_row("  " * len(above) + name, str(each.ideas), str(each.codemods))
    carried = sum(idea.codemod is not None for idea in pool.ideas.values())
    table.add_row("all", str(len(pool.ideas)), str(carried))
    console(pipe_width=PIPE_WIDTH).print(table)
    written = ", ".join(f"{author} {count}" for author, count in found.authors.items())
    say(f"By author: {written or 'none'}.")
    shares = ", ".join(f"{name} {'-' if value is None else f'{value:.2f}'}" for name, value in even.items())
    say(f"Evenness (1: all have as many): {shares}.")


@ideas_app.command()
def coverage(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run's directory, or its ledger.", show_default=False)
    ],
    as_json: JsonOption = False,
) -> None:
    """Count a run's candidates over the template: proposed, valid, admitted, on the front."""
    from cycles.figures.coverage import MEASURES
    from cycles.figures.coverage import coverage as covered

    with ledger_at(run) as ledger:
        pool, trials = run_ideas(ledger, run), _judged(ledger)
    found = covered([(pool, trials)])
    spread = found and (found.told or found.seen)
    if found is None or spread is None:
        again = command_line("archloop", "resume", run)
        raise UsageError(f"{run}: no candidate is judged yet. Go on: {again}")
    if as_json:
        told, seen = (each and each.model_dump(mode="json") for each in (found.told, found.seen))
        troubles = [each.model_dump(mode="json") for each in found.troubles]
        row = {"told": told, "seen": seen, "edits": found.edits, "troubles": troubles}
        typer.echo(json.dumps(row))
        return
    from rich.table import Table

    table = Table("category", *MEASURES, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for place in spread.categories:
        table.add_row(place.path, *(str(getattr(place, measure)) for measure in MEASURES))
    console(pipe_width=PIPE_WIDTH).print(table)
    by = "the ideas that they came of" if found.told else "what their programs name"
    say(f"{spread.placed} of {spread.of} candidates have a place, by {by}. {spread.sentence}")
    if found.told:
        say(found.sentence)
    for each in found.troubles:
        if each.times:
            say(f"{each.times:>5}  {each.name}: {each.meaning} ({each.candidates} candidates)")


def _judged(ledger: Ledger) -> list[Trial]:
    cycles = sorted({row.cycle for row in ledger.candidates() if row.cycle is not None})
    return [trial for cycle in cycles for trial in ledger.judged(cycle)]
