"""What a run will take in time and disk, from a calibration on the machine that will run it.

The low end is what programs cost as the generator writes them today; the high end is what they cost once all
are valid, every batch as slow as the small ones measured, and every fine-tuning as long as it may be. A run
that learns moves from the one to the other. Other work on the machine is in neither. This module does *not*
measure.
"""

from __future__ import annotations

import math

from corpus.records.base import Record
from cycles.config.run import RunConfig
from cycles.figures.quantities import byte_size, duration
from cycles.preflight.calibration import Calibration

_SLACK = 1.25
"""Factor on the high end: repeated calibrations on one machine differ by about as much."""


class Range(Record):
    """From `low` to `high`."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


class Estimate(Record):
    """What to expect.

    Attributes:
        steps: Optimiser steps over all fine-tunings; few winners make few steps.
        seconds: Wall time of the run, None where a part of it was not measured.
        bytes: Size of the ledger and of all adapters; the page of a report comes on top.
        notes: What was not measured, and why.
    """

    steps: Range
    seconds: Range | None
    bytes: Range
    notes: tuple[str, ...] = ()


def estimate(config: RunConfig, measured: Calibration) -> Estimate:
    """Return what a run of `config` will come to on the machine that `measured` comes from."""
    steps = _steps(config)
    adapters = (measured.adapter_bytes or 0) * (config.cycles - 1)
    ledger = measured.ledger_bytes + measured.candidate_bytes * config.cycles * config.candidates
    return Estimate(
        steps=steps,
        seconds=_seconds(config, measured, steps),
        bytes=Range(low=round(ledger), high=round(_SLACK * ledger + adapters)),
        notes=measured.notes,
    )


def estimate_lines(expected: Estimate) -> list[str]:
    """Return the lines that `archloop run --dry-run` prints of it."""
    lines = [
        f"Disk for ledger and adapters: {byte_size(expected.bytes.low)} to {byte_size(expected.bytes.high)}"
    ]
    if expected.seconds is not None:
        low, high = expected.seconds.low, expected.seconds.high
        lines.insert(
            0,
            f"Time on this machine, as busy as it is: {duration(low)} to {duration(high)}. Programs cost "
            "more as more of them are valid, so a run that learns moves from the one to the other.",
        )
    return lines + [note[:1].upper() + note[1:] + "." for note in expected.notes]


def _steps(config: RunConfig) -> Range:
    """Return the optimiser steps of a run with the fewest winners that teach, and of one with the most."""
    if not config.learns:
        return Range(low=0, high=0)
    settings = config.finetune
    fewest = (config.cycles - 1) * settings.planned_steps(settings.min_examples)
    most = 0
    if config.teaching.imported_first:  # by how many programs, only the import tells
        fewest += settings.planned_steps(1)
        most += settings.max_steps
    for cycle in range(1, config.cycles):
        winners = config.candidates * (1 if settings.start == "previous" else cycle)
        most += settings.planned_steps(winners + math.ceil(winners * settings.replay))
    return Range(low=fewest, high=most)


def _seconds(config: RunConfig, measured: Calibration, steps: Range) -> Range | None:
    untimed = bool(config.learns and config.cycles > 1 and measured.step_seconds is None)
    if not measured.batch or untimed:
        return None
    candidates = config.cycles * config.candidates
    batch = config.generator.batch_size
    sizes = [min(batch, config.candidates - start) for start in range(0, config.candidates, batch)]
    rate = measured.batch_seconds / measured.batch
    # One more program in a batch costs between nothing and as much as each of the batch measured.
    together = sum(min(measured.batch_seconds, rate * each) for each in sizes)
    valid = max(measured.valid_seconds, measured.judge_seconds)
    training = measured.step_seconds or 0.0
    starts = measured.training_start_seconds if config.learns else 0.0
    low = config.cycles * together + candidates * measured.judge_seconds
    high = candidates * (rate * config.generator.samples_per_place + valid)
    low += steps.low * training + (starts if config.cycles > 1 else 0.0)
    high += steps.high * training + (config.cycles - 1) * starts
    return Range(
        low=round(measured.start_seconds + low, 1), high=round(measured.start_seconds + _SLACK * high, 1)
    )
