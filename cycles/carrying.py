"""Carries a run's programs to its task's kind, on their way out of the ledger (`generator.kinds`).

The ledger holds programs as they were written. Where they are image classifiers for a task of another kind,
it also holds to which shape, and under which version, they are carried: so what was judged is known from the
ledger alone. Whoever judges, trains, shows or exports a program asks `carrier_of` for that text.

This module does *not* judge, and changes no row.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.records.base import Record
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.mistakes import Mistake
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import Transcript
from corpus.records.tasks.shape import TaskShape
from cycles.config.run import RunConfig
from evaluator.channel.stopping import StopRule
from generator.kinds.carrying import CARRYING_VERSION, carried

_KEY = "carrying"


class CarriedOtherwise(Mistake):
    """A ledger's programs are carried to another shape, or in another way, than they would be now."""


class _Carrying(Record):
    """What a ledger says of how its programs are carried."""

    version: int
    shape: TaskShape


class Judging(Protocol):
    """A sandbox that judges programs, probes them, and runs scripts."""

    def evaluate(
        self, candidates: Iterable[Candidate | None], stop: StopRule | None = None, /
    ) -> Generator[Evaluation, None, None]:
        """Yield the evaluations in the order of the candidates; None among these says: none yet."""
        ...

    def probe(self, sources: Sequence[str]) -> list[Probe]:
        """Return what each program builds, in order."""
        ...

    def execute(self, code: str) -> Transcript:
        """Return what a script prints, and how it ended."""
        ...


@dataclass(frozen=True)
class Carrier:
    """Turns what was written into what is judged.

    Attributes:
        shape: The task that programs are carried to; None where they are judged as they were written.
    """

    shape: TaskShape | None = None

    def source(self, written: str) -> str:
        """Return the text that is judged."""
        return written if self.shape is None else carried(written, self.shape)

    def candidate(self, written: Candidate) -> Candidate:
        """Return a candidate with the text that is judged."""
        if self.shape is None or written.source is None:
            return written
        return written.model_copy(update={"source": self.source(written.source)})

    def sandbox(self, inner: Judging) -> Judging:
        """Return a sandbox that is handed programs as they were written."""
        return inner if self.shape is None else _CarryingSandbox(self, inner)


@dataclass(frozen=True)
class _CarryingSandbox:
    carrier: Carrier
    inner: Judging

    def evaluate(
        self, candidates: Iterable[Candidate | None], stop: StopRule | None = None
    ) -> Generator[Evaluation, None, None]:
        return self.inner.evaluate((each and self.carrier.candidate(each) for each in candidates), stop)

    def probe(self, sources: Sequence[str]) -> list[Probe]:
        return self.inner.probe([self.carrier.source(each) for each in sources])

    def execute(self, code: str) -> Transcript:
        return self.inner.execute(code)


def carries(config: RunConfig) -> bool:
    """Return whether the programs of a run are image classifiers, whatever its task is.

    They are where a space is searched, and where the model knows the compact request alone. Under the
    template `instruct` a model is told the kind, and writes for it.
    """
    return config.strategy.over_space or config.generator.template == "compact"


def carrier_for(config: RunConfig, shape: TaskShape) -> Carrier:
    """Return how the programs that a configuration leads to become programs for a task."""
    return Carrier(shape if carries(config) and not shape.plain else None)


def note_carrying(ledger: LedgerWriter, config: RunConfig, shape: TaskShape) -> Carrier:
    """Let a run's ledger say how its programs are carried, and return who carries them.

    Raises:
        CarriedOtherwise: It says so already, and says otherwise.
    """
    carrier = carrier_for(config, shape)
    if carrier.shape is not None and ledger.get_meta(_KEY) is None:
        note = _Carrying(version=CARRYING_VERSION, shape=carrier.shape)
        ledger.set_meta(_KEY, note.model_dump_json())
    known = carrier_of(ledger)
    if known != carrier:
        raise CarriedOtherwise(
            f"{ledger.path}: its programs were judged as ones for {_words(known)}, the task now asks for "
            f"{_words(carrier)}: the task's data has changed. Start a new run."
        )
    return known


def carrier_of(ledger: Ledger) -> Carrier:
    """Return how the programs of a ledger became those that were judged.

    Raises:
        CarriedOtherwise: Another version of archloop carried them.
    """
    text = ledger.get_meta(_KEY)
    if text is None:
        return Carrier()
    note = _Carrying.model_validate_json(text)
    if note.version != CARRYING_VERSION:
        raise CarriedOtherwise(
            f"{ledger.path}: its programs were carried to their task by another version of archloop "
            f"(carrying {note.version}, this one has {CARRYING_VERSION}). Use that version."
        )
    return Carrier(note.shape)


def _words(carrier: Carrier) -> str:
    if carrier.shape is None:
        return "images of a class each"
    sides = "x".join(map(str, carrier.shape.input_shape))
    return f"{carrier.shape.kind} over {sides} with {carrier.shape.classes} outputs"
