"""The columns of the two tables of modules that were mined from source code; and their rows.

A module is no program and has no group of near-duplicates. One that was mined from a program of the ledger
has the program's split, so that no text of it leaves that split; all others are in train. This module does
*not* write files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from corpus.exchange.exporting.column_types import Row
from corpus.ledger.reader import Ledger
from corpus.records.exchange import Split
from corpus.records.modules.mined import MinedModule, ModuleArgument
from corpus.records.modules.probed import ChannelRelation, Layout


class ModuleRow(Row):
    """One module that was mined from source code, with the licence of that code."""

    split: Split
    """train, but for a module of a program of the ledger, which is in the program's split."""
    id: str
    """Content address of name, text and `module`."""
    name: str
    """Name of the class."""
    origin: str
    """What it was found in, with its version."""
    location: str
    """File within the origin, and the class."""
    licence: str
    """SPDX expression or words of the licence; NOASSERTION where nobody stated one."""
    arguments: tuple[ModuleArgument, ...]
    """What its constructor takes, annotations and defaults as written."""
    min_inputs: int
    """How many arguments `forward` must be given."""
    max_inputs: int | None
    """How many it may be given, null for any number."""
    module: str | None
    """Where a program may import it from, null where its text has to be carried."""
    text: str
    """The class with all that it needs; the class alone where `module` is given."""
    tokens_id: str
    """Equal for classes that differ in names, comments and layout alone."""
    flaw: str | None
    """Why it cannot be built on its own, null where nothing in its text says so."""


class ModuleProbeRow(Row):
    """What one module does under one setting of its arguments, a claim of the module's own process."""

    split: Split
    """That of the module."""
    module_id: str
    """The module."""
    setting: str
    """Its constructor's arguments, as JSON; `"$in"` and `"$out"` stand for numbers of channels."""
    failure: str | None
    """Why it cannot be used so, null where it can; the rest says nothing where it cannot."""
    rank: int
    """Dimensions of the tensor that it takes, the batch included."""
    layout: Layout
    """Where channels stand in what it takes: first, last, or tokens."""
    channels: ChannelRelation
    """How the channels that leave follow from those that enter: same, free, grouped, multiple, other."""
    divisor: int
    """What must divide the channels where they are grouped."""
    multiple: int
    """The factor where they are multiplied."""
    stride: int
    """By how much each side shrinks; 0 where it follows no such rule."""
    smallest_side: int
    """The smallest side at which that was seen to hold."""
    parameters: int | None
    """Trainable parameters at `probe_channels`."""
    formula: tuple[float, ...] | None
    """Factors of 1, i, o, i * i, i * o, o * o in their number, for i channels that enter and o that leave."""
    flops: int | None
    """Forward FLOPs for one image at `probe_channels` and `probe_side`."""
    probe_channels: tuple[int, ...] | None
    """Channels that entered, and that left."""
    probe_side: int | None
    """Height and width of the images that entered."""
    deterministic: bool | None
    """Whether two forward passes in evaluation mode gave the same."""
    dtype: str | None
    """Type of the numbers that left."""
    structure: str | None
    """Hash of the recorded graph, equal for settings that compute the same."""
    seconds: float
    """Wall time of the probe, in seconds."""


def module_rows(modules: list[MinedModule], program_splits: Mapping[str, Split]) -> Iterator[ModuleRow]:
    """Yield the rows of modules; `program_splits` has the split of each program, by its id."""
    for module in modules:
        least, most = module.inputs
        yield ModuleRow(
            **{name: getattr(module, name) for name in MinedModule.model_fields if name != "inputs"},
            min_inputs=least,
            max_inputs=most,
            split=split_of(module, program_splits),
        )


def probe_rows(
    ledger: Ledger, modules: list[MinedModule], program_splits: Mapping[str, Split]
) -> Iterator[ModuleProbeRow]:
    """Yield the rows of all probes, each in the split of its module."""
    splits = {module.id: split_of(module, program_splits) for module in modules}
    for probe in ledger.module_probes():
        setting = json.dumps(probe.setting, sort_keys=True)
        yield ModuleProbeRow(**{**dict(probe), "setting": setting}, split=splits[probe.module_id])


def split_of(module: MinedModule, program_splits: Mapping[str, Split]) -> Split:
    """Return the split of a module."""
    return program_splits.get(module.location.rpartition(":")[0], Split.TRAIN)
