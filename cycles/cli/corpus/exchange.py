"""The commands `archloop export` and `archloop import`: a corpus as a data set for others, and back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycles.cli.endings import keeping
from cycles.cli.options import JsonOption
from cycles.errors import UsageError
from cycles.showing.steps import steps
from cycles.showing.terminal import say

if TYPE_CHECKING:
    from corpus.exchange.exporting.card import ExportNotes
    from corpus.ledger.reader import Ledger
    from cycles.config.run import RunConfig


class ExportFormat(StrEnum):
    """What `archloop export` writes."""

    JSONL = "jsonl"
    PARQUET = "parquet"
    LEMUR = "lemur"


StoreArgument = Annotated[
    Path,
    typer.Argument(metavar="RUN_OR_LEDGER", help="A run's directory, or a ledger file.", show_default=False),
]
LicenceHelp = "SPDX licence, such as MIT, of the programs that state none."


def export(
    ctx: typer.Context,
    store: StoreArgument,
    out: Annotated[Path, typer.Argument(help="A new directory.", show_default=False)],
    export_format: Annotated[
        ExportFormat, typer.Option("--format", help="JSON lines, Parquet, or a tree that LEMUR loads.")
    ] = ExportFormat.JSONL,
    licence: Annotated[str | None, typer.Option("--licence", help=LicenceHelp)] = None,
    margin: Annotated[
        float, typer.Option("--margin", min=0, max=1, help="Score by which a preferred program is better.")
    ] = 0.1,
    push: Annotated[
        str | None, typer.Option("--push", help="Also upload to this private data set on the hub.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write programs, evaluations, fine-tuning rows and preferences as a data set with a card."""
    from corpus.ledger.reader import Ledger
    from cycles.run.making import directory_made

    if push is not None and ctx.obj:
        os.environ.pop("HF_HUB_OFFLINE")  # this command asks for the hub, before its library is loaded
    path, config = _locate(store)
    notes = _notes(path, config, licence)
    with keeping(f"{out} is as it was."), directory_made(out.absolute().parent):
        if export_format is ExportFormat.LEMUR:
            from corpus.exchange.exporting.lemur import export_lemur

            with Ledger.open(path) as ledger:
                _require_classifiers(store, config, ledger)
                counts = export_lemur(ledger, out, notes, _settings(config), replace=force)
        else:
            with _opened_for_splits(path) as ledger, steps("Exporting", 6, as_json) as step:
                counts = _export_tables(ledger, out, export_format, notes, margin, force, step)
    if as_json:
        typer.echo(json.dumps({"directory": str(out), **counts}))
    else:
        say(f"{out}: {', '.join(f'{count} {name}' for name, count in counts.items())}")
    if push is not None:
        _push(out, push)


def import_(
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder of .py files, LEMUR's checkout or SQLite file, nn-gpt's output, an old export.",
            show_default=False,
        ),
    ],
    store: StoreArgument,
    licence: Annotated[str | None, typer.Option("--licence", help=LicenceHelp)] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the collection.  [default: the source's]")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report; write nothing.")] = False,
    rejected: Annotated[
        Path | None,
        typer.Option(help="Write what is left behind here, a line of JSON each.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring programs in from elsewhere: all that can be used, in one transaction. A new FILE.db is made."""
    from corpus.exchange.importing.importer import import_programs, recognise
    from cycles.cli.corpus.import_report import show_import

    found = recognise(source)
    try:
        with (
            keeping("nothing was imported."),
            steps("Reading", found.steps(), as_json) as step,
            _opened(store, dry_run) as ledger,
        ):
            report = import_programs(
                found,
                ledger,
                name=name,
                licence=licence,
                dry_run=dry_run,
                on_step=lambda: step(""),
            )
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    show_import(report, store, as_json, rejected)


def _require_classifiers(store: Path, config: RunConfig | None, ledger: Ledger) -> None:
    """Refuse programs that take signals, or that answer otherwise than LEMUR's image classifiers do."""
    from corpus.records.tasks.wording import described
    from cycles.carrying import carrier_of
    from cycles.figures.measure import shape_of

    shape = carrier_of(ledger).shape if config is None else shape_of(config)
    if shape is not None and not shape.plain:
        raise UsageError(
            f"{store}: its task is {described(shape)}, and a LEMUR tree holds image classifiers. Export "
            "tables: --format parquet"
        )


def _export_tables(
    ledger: Ledger,
    out: Path,
    export_format: ExportFormat,
    notes: ExportNotes,
    margin: float,
    force: bool,
    step: Callable[[str], None],
) -> dict[str, int]:
    from corpus.exchange.exporting.dataset import TableFormat, export_dataset
    from cycles.carrying import carrier_of

    table_format, judged = TableFormat(export_format.value), carrier_of(ledger).source
    counts = export_dataset(
        ledger, out, table_format, notes, judged, margin=margin, replace=force, on_config=step
    )
    return {config: sum(splits.values()) for config, splits in counts.items()}


def _opened_for_splits(path: Path) -> Ledger:
    """Open a ledger for writing, so that splits are kept; for reading where it cannot be written to."""
    from corpus.ledger.errors import LedgerLockedError, LedgerPermissionError
    from corpus.ledger.reader import Ledger
    from corpus.ledger.writer import LedgerWriter

    try:
        return LedgerWriter.open(path)
    except LedgerPermissionError as refused:
        ledger = Ledger.open(path)
        typer.echo(
            f"archloop: {refused} Splits that are not frozen yet are computed and kept nowhere.", err=True
        )
        return ledger
    except LedgerLockedError as locked:
        raise LedgerLockedError(f"{locked} What needs no splits can be exported: --format lemur") from None


def _locate(store: Path) -> tuple[Path, RunConfig | None]:
    """Return the ledger file, and the run's configuration where there is a run."""
    if store.is_file():
        return store, None
    from cycles.run.run_directory import RunDirectory

    directory = RunDirectory.open(store)
    return directory.ledger_file, directory.config()


@contextmanager
def _opened(store: Path, dry_run: bool) -> Iterator[Ledger | None]:
    """Open the ledger that an import goes to; a new one is removed again if the import fails."""
    fresh = store.suffix == ".db" and not store.exists()
    if fresh and dry_run:
        yield None
        return
    from corpus.ledger.reader import Ledger
    from corpus.ledger.writer import LedgerWriter

    path = store if fresh else _locate(store)[0]
    if dry_run:
        with Ledger.open(path) as ledger:
            yield ledger
        return
    try:
        with LedgerWriter.create(path) if fresh else LedgerWriter.open(path) as writer:
            yield writer
    except BaseException:
        if fresh:
            for suffix in ("", ".lock", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        raise


def _notes(path: Path, config: RunConfig | None, licence: str | None) -> ExportNotes:
    from corpus.exchange.exporting.card import ExportNotes
    from corpus.records.exchange import NO_LICENCE

    known: dict[str, object] = {"licence": licence or NO_LICENCE}
    if config is not None:
        known |= {"name": f"Programs of the archloop run {path.resolve().parent.name}"}
        known |= {"base_model": config.generator.model}
        from cycles.run.run_directory import read_environment

        facts = read_environment(path.with_name("env.json"))
        if facts:
            noted = facts.get("packages")
            packages = (
                {key: str(value) for key, value in noted.items() if value} if isinstance(noted, dict) else {}
            )
            known["hardware"] = (
                f"{facts.get('machine')}, {facts.get('cpu_count')} CPUs, {facts.get('platform')}"
            )
            known["software"] = {"python": str(facts.get("python")), **packages}
    return ExportNotes.model_validate(known)


def _settings(config: RunConfig | None) -> dict[str, dict[str, float | int | str]]:
    """Return what the run's protocol hands to every program in `prm`, by the protocol's id."""
    if config is None:
        return {}
    from evaluator.errors import TaskDataError
    from evaluator.supervisor.protocol import protocol_id
    from evaluator.tasks import load_task, reads_files, task_spec

    values = config.evaluator
    try:
        # The id of a task that is read from files names their fingerprint.
        reading = reads_files(values.task)
        spec = load_task(values.task, values.data_path).spec if reading else task_spec(values.task)
    except TaskDataError:
        return {}
    protocol = protocol_id(values, spec)
    return {protocol: values.prm(())}


def _push(directory: Path, repository: str) -> None:
    from httpx2 import TransportError
    from huggingface_hub import DatasetCard, HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        if (directory / "croissant.json").exists():
            DatasetCard.load(directory / "README.md").validate()
        api = HfApi()
        api.create_repo(repository, repo_type="dataset", private=True, exist_ok=True)
        api.upload_folder(repo_id=repository, repo_type="dataset", folder_path=directory)
    except (HfHubHTTPError, OfflineModeIsEnabled, TransportError, ValueError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UsageError(f"{directory} is written, but not pushed to {repository}: {reason}") from None
