"""A run's model with what it has learnt, as a model of its own. This module does *not* fine-tune."""

from __future__ import annotations

import tempfile
from pathlib import Path

from corpus.ledger.reader import Ledger
from cycles.errors import UsageError
from cycles.run.making import directory_made
from cycles.run.models import check_model
from cycles.run.run_directory import RunDirectory
from cycles.teachers.guard import rolled_back
from generator.models.places import resolve_model


def merge_run(directory: RunDirectory, out: Path, cycle: int | None = None) -> Path:
    """Write the model of a run with an adapter merged into its weights; return the adapter.

    Args:
        directory: The run.
        out: The model's folder, made here whole or not at all; must not be there.
        cycle: Whose adapter it is; None for the last.

    Raises:
        UsageError: The run has no such adapter.
        ModelNotFoundError, ModelError, AdapterError: See `cycles.run.models.check_model`.
    """
    from generator.serving.served_adapter import merge

    config = directory.config()
    wanted = [cycle] if cycle is not None else _kept(directory, config.cycles)
    adapter = next((each for number in wanted if (each := directory.adapter(number)).is_dir()), None)
    if adapter is None:
        which = "no adapter" if cycle is None else f"no adapter of cycle {cycle}"
        raise UsageError(
            f"{directory.path} has {which}. Only runs whose model is taught have: see teaching.by."
        )
    home = out.absolute().parent
    with directory_made(home), tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=home) as made:
        check_model(config, trains=False, adapter=adapter)
        merge(resolve_model(config.generator.model), adapter, Path(made) / "model")
        (Path(made) / "model").rename(out)
    return adapter


def _kept(directory: RunDirectory, cycles: int) -> list[int]:
    """Return the cycles that may have an adapter, the last first, but those whose adapter was rolled back."""
    numbers = range(cycles, -1, -1)  # before the first cycle imported programs may teach
    if not directory.ledger_file.is_file():
        return list(numbers)
    with Ledger.open(directory.ledger_file) as ledger:
        return [number for number in numbers if not rolled_back(ledger, number)]
