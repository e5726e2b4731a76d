"""The command `archloop corpus curate`: a collection without what is alike, as files that can be imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycles.cli.corpus.commands import AdmittedOption, MaskOption, SourceArgument
from cycles.cli.options import JsonOption
from cycles.errors import UsageError
from cycles.showing.terminal import say

if TYPE_CHECKING:
    from corpus.ledger.reader import Ledger


def curate(
    source: SourceArgument,
    tau: Annotated[
        float | None,
        typer.Option(min=0.01, max=1.0, help="Jaccard similarity.  [default: as the corpus was filled]"),
    ] = None,
    mask_numbers: MaskOption = None,
    admitted: AdmittedOption = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write what is kept here: a new folder of .py files, as import reads it."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Keep one of all programs that are equal, near-duplicates or one network; say what each step leaves.

    Of what is alike, the earliest is kept. Nothing is ever deleted.
    """
    from corpus.novelty.curation import curate as curated
    from cycles.cli.corpus.access import opened, programs_at, shingler_for

    if out is not None and out.exists():
        raise UsageError(f"{out} exists already. Name a new folder: --out DIR")
    with opened(source) as (ledger, config):
        programs = programs_at(source, ledger, admitted=admitted)
        shingler = shingler_for(config, mask_numbers)
        structures = {} if ledger is None else _structures(ledger)
    tau = config.tau if tau is None else tau
    found = curated(programs, shingler, tau, structures)
    if out is not None:
        _write(out, {name: programs[name] for name in found.structural})
    counts = {step: len(names) for step, names in found._asdict().items()}
    if as_json:
        written = None if out is None else str(out)
        typer.echo(
            json.dumps({"corpus": str(source), "tau": tau, "mask_numbers": shingler.mask_numbers, **counts,
                        "kept": found.structural, "written": written})
        )  # fmt: skip
        return
    granularity = "numbers masked" if shingler.mask_numbers else "numbers kept"
    say(f"{counts['given']:>9,} programs in {source}")
    say(f"{counts['exact']:>9,} after equal texts")
    say(f"{counts['lexical']:>9,} after near-duplicates (tau {tau:g}, {granularity})")
    say(f"{counts['structural']:>9,} after equal structures")
    if out is not None:
        say(f"Written: {counts['structural']} programs to {out}")


def _structures(ledger: Ledger) -> dict[str, str]:
    """Return the recorded network of each program that was built, by id."""
    built = [(each.candidate_id, each.structure) for each in ledger.evaluations() if each.structure]
    return dict(built)


def _write(out: Path, programs: dict[str, str]) -> None:
    """Write each program to a file of its id, all of them or none."""
    from corpus.exchange.program_folder import write_program
    from corpus.files.whole import directory_in_the_making
    from cycles.run.making import directory_made

    with directory_made(out.absolute().parent), directory_in_the_making(out) as partial:
        for name, source in programs.items():
            path = partial / (name if name.endswith(".py") else f"{name}.py")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_program(path, source)
