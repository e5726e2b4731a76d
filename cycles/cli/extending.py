"""Lets a run go on further than it was started for: with more cycles, or another budget.

Both decide where a run ends and nothing of what it does until then, so all rows stay what they are. The new
values go into the run's `config.toml`, which alone decides; those before them are noted in its `env.json`.
This module does *not* run anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from cycles.config.document import differences
from cycles.config.run import load_config, save_config
from cycles.errors import UsageError
from cycles.figures.status import SEARCH_OVER
from cycles.run.run_directory import RunDirectory


def extend(path: Path, cycles: int | None, overrides: Sequence[str]) -> None:
    """Write what is asked for into the configuration of the run at `path`.

    Args:
        path: The run's directory.
        cycles: Cycles that it is to have in all; None for as many as it has.
        overrides: `budget.key=value`.

    Raises:
        UsageError: There is no run, something else was to be set, the cycles would be fewer, or the search
            has nothing more to try.
        LedgerError: The run is going on in another process, or its ledger cannot be opened.
    """
    directory = RunDirectory.open(path)
    known = directory.config()
    if cycles is not None and cycles < known.cycles:
        raise UsageError(
            f"--cycles {cycles}: {path} has {known.cycles} cycles already. Give a larger number."
        )
    added = [] if cycles is None else [f"cycles={cycles}"]
    wanted = load_config(str(directory.config_file.resolve()), [*overrides, *added])
    changed = differences(known, wanted)
    other = [key for key in changed if key != "cycles" and not key.startswith("budget.")]
    if other or (cycles is None and "cycles" in changed):
        raise UsageError(
            f"--set {(other or ['cycles'])[0]}: a run keeps its settings. When it goes on, only budget.* may "
            "be set, and --cycles given."
        )
    with LedgerWriter.open(directory.ledger_file) as ledger:
        if "cycles" in changed and ledger.get_meta(SEARCH_OVER) is not None:
            raise UsageError(
                f"--cycles {cycles}: the search of {path} has nothing more to try. Leave it out."
            )
        save_config(wanted, directory.config_file)
        if changed:
            directory.record_extension(changed)
