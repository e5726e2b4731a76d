"""What the reading of a source yields, and why something is left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from corpus.records.base import Record
from corpus.records.candidates import Candidate
from corpus.records.exchange import ImportedEvaluation
from corpus.records.mistakes import Mistake


class ImportSourceError(Mistake):
    """The source as a whole cannot be read; nothing is imported."""


class RejectionReason(StrEnum):
    """Why a program or a measurement is left behind."""

    EMPTY = "EMPTY"
    """It holds nothing but white space."""
    TOO_LARGE = "TOO_LARGE"
    """It is larger than any program of this kind."""
    NOT_UTF8 = "NOT_UTF8"
    """Its bytes are no UTF-8 text."""
    NOT_A_FILE = "NOT_A_FILE"
    """It is a directory, a pipe or a device, or a link to nothing."""
    UNREADABLE = "UNREADABLE"
    """The operating system forbids reading it."""
    LINK_OUTSIDE = "LINK_OUTSIDE"
    """It is a link that leads out of the source."""
    NO_CODE = "NO_CODE"
    """It is a candidate whose completion held no program."""
    SYNTAX_ERROR = "SYNTAX_ERROR"
    """Python cannot parse it."""
    NOT_A_NETWORK = "NOT_A_NETWORK"
    """It defines no `Net`."""
    DUPLICATE = "DUPLICATE"
    """The ledger, or the source itself, holds the same text already."""
    BAD_STATISTICS = "BAD_STATISTICS"
    """A statistics file or one of its trials does not have LEMUR's form."""
    NOT_AN_ACCURACY = "NOT_AN_ACCURACY"
    """The trial measures something other than accuracy, or is not in [0, 1]."""
    UNKNOWN_NETWORK = "UNKNOWN_NETWORK"
    """The trial belongs to a network that is not in the source, or was left behind."""
    DUPLICATE_TRIAL = "DUPLICATE_TRIAL"
    """The ledger, or the source itself, has the trial already; another under equal settings is none."""


MAX_TEXT_CHARACTERS = 1_000_000_000
"""Most text that one import holds at a time, in characters: it enters the ledger in one transaction."""


class Room:
    """Counts the text that an import holds."""

    def __init__(self) -> None:
        self._left = MAX_TEXT_CHARACTERS

    def take(self, *texts: str | None) -> None:
        """Note that `texts` are held from now on.

        Raises:
            ImportSourceError: There is no room for them.
        """
        # Equal texts may be one object, and count each time: no figure of memory, but a bound of it.
        self._left -= sum(len(text) for text in texts if text is not None)
        if self._left < 0:
            raise ImportSourceError(
                f"The source holds more than {MAX_TEXT_CHARACTERS:,} characters. Import it in parts."
            )


class Rejection(Record):
    """Something that was left behind.

    Attributes:
        location: The file or id within the source.
        reason: Why.
        detail: What exactly, in one line.
    """

    location: str
    reason: RejectionReason
    detail: str = ""


@dataclass
class Found:
    """A program as a source has it.

    Attributes:
        location: The file or id within the source.
        text: The program.
        licence: SPDX expression that the source states for it.
        generator: Who wrote it, as far as the source says.
        admitted: Whether novelty is to be judged against it.
        evaluations: What others measured of it; candidate and protocol ids are completed by the importer.
        original: The candidate that it was in the ledger that it comes from.
    """

    location: str
    text: str
    licence: str | None = None
    generator: str | None = None
    admitted: bool = True
    evaluations: list[ImportedEvaluation] = field(default_factory=list)
    original: Candidate | None = None


class Source(Protocol):
    """Something that programs can be imported from.

    Attributes:
        kind: What it is, for people.
        name: The default name of the collection.
        licence: SPDX expression of the collection, where it states one.
    """

    kind: str
    name: str
    licence: str | None

    def read(self) -> Iterator[Found | Rejection | None]:
        """Yield what is found; None marks a step without one.

        Raises:
            ImportSourceError: The source is damaged.
        """

    def steps(self) -> int:
        """Return about how many items `read` will yield, for a progress bar."""


class ImportReport(Record):
    """What an import did, or with a dry run would have done.

    Attributes:
        source: Name of the collection.
        kind: What the source was recognised as.
        dry_run: Whether nothing was written.
        programs: Programs imported.
        evaluations: Measurements imported with them, one for each program and protocol.
        trials: Trials that these stand for: a measurement that was repeated is one evaluation.
        rejections: What was left behind, in the order of reading.
    """

    source: str
    kind: str
    dry_run: bool
    programs: int
    evaluations: int
    trials: int
    rejections: Sequence[Rejection]

    def reasons(self) -> dict[str, int]:
        """Return how many were left behind for each reason that occurred."""
        counts: dict[str, int] = {}
        for rejection in self.rejections:
            counts[rejection.reason.value] = counts.get(rejection.reason.value, 0) + 1
        return counts
