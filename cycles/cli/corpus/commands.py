"""The commands `archloop corpus ...`: what is in a corpus, where it comes from, what is like what.

They read; the one file that any of them writes is the list of `dedupe --write`. Programs are named by their
ids or by any beginning that only one id has.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.records.mistakes import one_of
from cycles.cli.options import JsonOption
from cycles.errors import UsageError
from cycles.showing.terminal import console, say

if TYPE_CHECKING:
    from corpus.records.evaluations import EvaluationStatus

_PIPE_WIDTH = 120

corpus_app = typer.Typer(
    help="Look into a corpus: statistics, near-duplicates, lineage, search.", no_args_is_help=True
)

StoreArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run's directory, or a ledger file.", show_default=False)
]
SourceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="A run's directory, a ledger file, or a folder of .py files.", show_default=False
    ),
]
ProgramArgument = Annotated[
    str, typer.Argument(help="A program's id, or a beginning that only it has.", show_default=False)
]
MaskOption = Annotated[
    bool | None,
    typer.Option(
        "--mask-numbers/--keep-numbers",
        help="Whether all numbers are alike.  [default: as the corpus was filled]",
        show_default=False,
    ),
]
DataSetOption = Annotated[
    str | None,
    typer.Option("--dataset", help="Only judgements on this data set, such as digits-v1 or cifar-10."),
]
AdmittedOption = Annotated[bool, typer.Option("--admitted", help="Only what entered the corpus.")]


@corpus_app.command()
def stats(
    source: SourceArgument,
    mask_numbers: MaskOption = None,
    dataset: DataSetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is in a corpus: how many, how well they do, how much alike they are."""
    from corpus.ledger.catalogue import Catalogue
    from cycles.cli.corpus.access import opened, programs_at, shingler_for
    from cycles.cli.corpus.collection import statistics_of, statistics_table

    with opened(source) as (ledger, config):
        if dataset is not None:
            if ledger is None:
                raise UsageError(f"{source} holds no ledger, so nothing was measured. Leave --dataset out.")
            dataset = Catalogue(ledger).resolve_data_set(dataset)
        shingler = shingler_for(config, mask_numbers)
        figures = statistics_of(programs_at(source, ledger), ledger, shingler, config.tau, dataset)
    if as_json:
        typer.echo(json.dumps({"corpus": str(source), **figures}))
    else:
        say(source)  # a line of its own: a table would cut a long path, and begin a line with what follows
        console(pipe_width=_PIPE_WIDTH).print(statistics_table(figures))


@corpus_app.command()
def dedupe(
    source: SourceArgument,
    tau: Annotated[
        float | None,
        typer.Option(min=0.01, max=1.0, help="Jaccard similarity.  [default: as the corpus was filled]"),
    ] = None,
    mask_numbers: MaskOption = None,
    admitted: AdmittedOption = False,
    write: Annotated[
        Path | None, typer.Option("--write", help="Write the first of every group to this new JSONL file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Report the groups of near-duplicates. Nothing is ever deleted."""
    from corpus.novelty.groups import duplicate_groups
    from cycles.cli.corpus.access import opened, programs_at, shingler_for
    from cycles.cli.corpus.views import group_table

    if write is not None and write.exists():
        raise UsageError(f"{write} exists already. Name a new file: --write FILE.jsonl")
    with opened(source) as (ledger, config):
        programs = programs_at(source, ledger, admitted=admitted)
        shingler = shingler_for(config, mask_numbers)
    tau = config.tau if tau is None else tau
    sets = [shingler.array(text) for text in programs.values()]
    groups = duplicate_groups(list(programs), sets, tau)
    if write is not None:
        _write_first(write, [group.model_dump(mode="json") for group in groups], programs)
    several = [group for group in groups if group.others]
    if as_json:
        for group in several:
            typer.echo(group.model_dump_json())
        return
    if several:
        console(pipe_width=_PIPE_WIDTH).print(group_table(several))
    say(
        f"{len(programs)} programs, {len(groups) - len(several)} without near-duplicates at tau {tau:g} "
        f"({'numbers masked' if shingler.mask_numbers else 'numbers kept'}); "
        f"{len(several)} groups of several."
        + (f" Written: {len(groups)} programs to {write}" if write else "")
    )


@corpus_app.command()
def show(store: StoreArgument, program: ProgramArgument, as_json: JsonOption = False) -> None:
    """Print everything about one program: prompt, completion, judgement, machine, and all its ancestors."""
    from corpus.ledger.lineage import lineage
    from corpus.novelty.threshold import fixed_threshold
    from cycles.carrying import carrier_of
    from cycles.cli.corpus.access import asked_for, opened_ledger, rule_of
    from cycles.cli.corpus.views import lineage_view

    rule, relative = rule_of(store), False
    with opened_ledger(store) as (ledger, catalogue):
        found = lineage(ledger, catalogue, catalogue.resolve(program))
        if rule is not None and found.admission is not None and found.evaluations:
            relative = fixed_threshold(rule, found.evaluations[0].metric) is None
            found = found.model_copy(update={"threshold": asked_for(found, rule, ledger)})
        judged = carrier_of(ledger).candidate(found.candidate)
        found = found.model_copy(update={"candidate": judged})
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        console(pipe_width=_PIPE_WIDTH).print(lineage_view(found, relative=relative))


@corpus_app.command()
def diff(
    store: SourceArgument,
    first: Annotated[str, typer.Argument(help="A program's id, or a file.", show_default=False)],
    second: Annotated[str, typer.Argument(help="Another one.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Show how two programs differ, and how similar they are under both granularities."""
    from corpus.novelty.similarity import Shingler
    from cycles.cli.corpus.access import named_text, opened, programs_at
    from cycles.cli.corpus.views import diff_view, unified_diff

    with opened(store) as (ledger, config):
        programs = programs_at(store, ledger)
    (name, before), (other, after) = (named_text(given, programs) for given in (first, second))
    size = config.shingle_size
    similarity = {
        "jaccard": Shingler(size).similarity(before, after),
        "jaccard_numbers_masked": Shingler(size, mask_numbers=True).similarity(before, after),
    }
    text = unified_diff(before, after, name, other)
    if as_json:
        typer.echo(json.dumps({"first": name, "second": other, **similarity, "diff": text}))
    else:
        console(pipe_width=_PIPE_WIDTH).print(diff_view(text, similarity))


@corpus_app.command()
def search(
    store: StoreArgument,
    query: Annotated[str | None, typer.Argument(help="Part of a program's text.", show_default=False)] = None,
    similar_to: Annotated[
        str | None, typer.Option("--similar-to", metavar="ID_OR_FILE", help="Best matches first.")
    ] = None,
    status: Annotated[str | None, typer.Option(help="Evaluation status, such as COMPLETE.")] = None,
    min_accuracy: Annotated[
        float | None, typer.Option(min=0, max=1, help="Least accuracy, or score: of an error 1 - error.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="Block family, such as residual.")] = None,
    admitted: AdmittedOption = False,
    dataset: DataSetOption = None,
    pareto: Annotated[
        str | None,
        typer.Option(
            metavar="OBJECTIVES", help="Only the front over these, such as accuracy,parameters or flops."
        ),
    ] = None,
    max_parameters: Annotated[int | None, typer.Option(min=0, help="The most parameters.")] = None,
    max_flops: Annotated[int | None, typer.Option(min=0, help="The most FLOPs of one image.")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="The most programs to list.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Find programs by their text, by likeness to another one, or by how they did; all filters combine.

    With --pareto: of the valid programs found, those that none of the others beats in one objective without
    being worse in another, the best in the first objective first.
    """
    from corpus.ledger.catalogue import Criteria
    from corpus.novelty.scheme import stored_config
    from corpus.objectives import Caps, named_objectives
    from corpus.records.evaluations import EvaluationStatus
    from cycles.cli.corpus.access import opened_ledger, text_in
    from cycles.cli.corpus.finding import front_of, most_similar
    from cycles.cli.corpus.views import entry_row, entry_table

    caps = Caps(max_parameters, max_flops)
    criteria = Criteria(query, _status(status), min_accuracy, family, admitted, dataset, caps)
    objectives = named_objectives(pareto) if pareto is not None else ()
    with opened_ledger(store) as (ledger, catalogue):
        if objectives:  # among valid programs alone, so that no others are read
            criteria = criteria._replace(status=criteria.status or EvaluationStatus.COMPLETE)
        ids = catalogue.search(criteria)
        data_set = None if dataset is None else catalogue.resolve_data_set(dataset)
        compared = bool(objectives) or similar_to is not None
        found = [
            entry for each in (ids if compared else ids[:limit]) if (entry := catalogue.get(each, data_set))
        ]
        count = len(ids)
        if objectives:
            found = front_of(found, objectives)
            count = len(found)
        similarity: dict[str, float] = {}
        if similar_to is not None:
            text = text_in(similar_to, catalogue)
            found, similarity = most_similar(found, text, stored_config(ledger), limit)
            count = len(found)
    rows = [entry_row(row, similarity.get(row.candidate.id), objectives) for row in found[:limit]]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
        return
    if rows:
        console(pipe_width=_PIPE_WIDTH).print(entry_table(rows))
    say(f"{count} found" + (f", {limit} listed (more with --limit)." if count > limit else "."))


def _status(given: str | None) -> EvaluationStatus | None:
    from corpus.records.evaluations import EvaluationStatus

    if given is None:
        return None
    try:
        return EvaluationStatus(given.upper())
    except ValueError:
        names = [status.value for status in EvaluationStatus]
        raise UsageError(f"There is no status '{given}'.{one_of(given.upper(), names)}") from None


def _write_first(path: Path, groups: list[dict[str, object]], programs: dict[str, str]) -> None:
    """Write the first program of every group, whole or not at all."""
    from corpus.files.whole import file_in_the_making

    with file_in_the_making(path) as partial, partial.open("w", encoding="utf-8", errors="replace") as file:
        for group in groups:
            row = {
                "id": group["first"],
                "source": programs[str(group["first"])],
                "duplicates": group["others"],
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
