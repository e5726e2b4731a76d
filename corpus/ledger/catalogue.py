"""A ledger's programs at hand: found by id, by a unique beginning of an id, or by what is known of them.

A snapshot: what is appended later is not in it. This module does *not* compare programs (`corpus.novelty`) or
write.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import NamedTuple, Self

from corpus.ledger.reader import Ledger
from corpus.objectives import Caps
from corpus.programs.families import FAMILIES, block_families
from corpus.records.admissions import Admission
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus
from corpus.records.mistakes import Mistake, did_you_mean

_SHOWN = 5


class UnknownFamilyError(Mistake):
    """No block family of that name."""


class UnknownDataSetError(Mistake):
    """Nothing was measured on a data set of that name."""


class UnknownProgramError(Mistake):
    """No program, or more than one, goes by the id that was asked for."""


class Entry(NamedTuple):
    """One program and all that was found out about it.

    Attributes:
        candidate: The program.
        evaluations: Its judgements, the one that its admission rests on first.
        admission: The decision about it, None before there is one.
    """

    candidate: Candidate
    evaluations: tuple[Evaluation, ...]
    admission: Admission | None

    @property
    def evaluation(self) -> Evaluation | None:
        """The evaluation that the admission rests on; of a seed or an import the first, if any."""
        return self.evaluations[0] if self.evaluations else None

    @property
    def accuracy(self) -> float | None:
        """The accuracy of that evaluation, in [0, 1]: the score by its metric."""
        return self.evaluation.accuracy if self.evaluation else None

    def on(self, data_set: str | None) -> Entry:
        """Return the program with its judgements on one data set alone; None stands for all of them."""
        if data_set is None:
            return self
        return self._replace(evaluations=tuple(one for one in self.evaluations if one.data_set == data_set))


class Criteria(NamedTuple):
    """What a program must fulfil to be found; everything that is None or False asks for nothing.

    Attributes:
        text: A part of its source, upper and lower case alike.
        status: The status of its evaluation.
        min_accuracy: The least accuracy of its evaluation, in [0, 1]: a score, of which more is better.
        family: A block family that it uses, one of `FAMILIES`.
        admitted: Whether it must have entered the corpus.
        data_set: What it must have been judged on; status and accuracy are then those found there.
        caps: The most parameters and FLOPs of its evaluation.
    """

    text: str | None = None
    status: EvaluationStatus | None = None
    min_accuracy: float | None = None
    family: str | None = None
    admitted: bool = False
    data_set: str | None = None
    caps: Caps = Caps()

    def fits(self, entry: Entry) -> bool:
        """Return whether a program fulfils all of it; the cheapest questions come first."""
        source = entry.candidate.source or ""
        if self.data_set is not None and not entry.evaluations:
            return False
        if self.admitted and not (entry.admission and entry.admission.admitted):
            return False
        if self.status is not None and (entry.evaluation is None or entry.evaluation.status != self.status):
            return False
        if self.min_accuracy is not None and (entry.accuracy is None or entry.accuracy < self.min_accuracy):
            return False
        if self.caps != Caps() and (entry.evaluation is None or not self.caps.fit(entry.evaluation)):
            return False
        if self.text is not None and self.text.lower() not in source.lower():
            return False
        return self.family is None or self.family in block_families(source)


class Catalogue:
    """All programs of one ledger, in its order: seeds first, then by cycle and index."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        """Hold `entries` by their ids."""
        self._entries = entries

    @classmethod
    def from_ledger(cls, ledger: Ledger) -> Self:
        """Read everything but the prompts."""
        admissions = {admission.candidate_id: admission for admission in ledger.admissions()}
        evaluations: defaultdict[str, list[Evaluation]] = defaultdict(list)
        for evaluation in ledger.evaluations():
            evaluations[evaluation.candidate_id].append(evaluation)
        candidates = ledger.candidates()
        for cycle in {candidate.cycle for candidate in candidates if candidate.cycle is not None}:
            for row in ledger.judged(cycle):
                others = evaluations[row.candidate.id]
                others.sort(key=lambda one, first=row.evaluation.protocol_id: one.protocol_id != first)  # type: ignore[misc]
        return cls(
            {
                candidate.id: Entry(candidate, tuple(evaluations[candidate.id]), admissions.get(candidate.id))
                for candidate in candidates
            }
        )

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def get(self, identifier: str) -> Entry | None:
        """Return the program of exactly that id, or None."""
        return self._entries.get(identifier)

    def resolve(self, beginning: str) -> Entry:
        """Return the program whose id is, or alone begins with, `beginning`.

        Raises:
            UnknownProgramError: There is none, or more than one.
        """
        return self._entries[resolve_id(beginning, self._entries)]

    def search(self, criteria: Criteria) -> Iterator[Entry]:
        """Yield the programs that fulfil `criteria`, in the order of the ledger.

        Raises:
            UnknownFamilyError: There is no such family.
            UnknownDataSetError: Nothing was measured on such a data set.
        """
        if criteria.family is not None and criteria.family not in FAMILIES:
            hint = did_you_mean(criteria.family, FAMILIES)
            raise UnknownFamilyError(f"No family '{criteria.family}'.{hint} Families: {', '.join(FAMILIES)}.")
        data_set = criteria.data_set and self.resolve_data_set(criteria.data_set)
        return (entry for each in self if criteria.fits(entry := each.on(data_set)))

    def resolve_data_set(self, given: str) -> str:
        """Return the data set that has this name, or alone has it as one part of its name.

        Raises:
            UnknownDataSetError: There is none, or more than one.
        """
        names = {one.data_set: None for entry in self for one in entry.evaluations}
        if given in names:
            return given
        found = [name for name in names if given in re.split(r"[/_:]", name)]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
            raise UnknownDataSetError(f"'{given}' is part of {len(found)} names: {listed}. Give all of one.")
        hint = did_you_mean(given, names)
        shown = ", ".join(list(names)[:_SHOWN]) or "none"
        raise UnknownDataSetError(f"Nothing was measured on a data set '{given}'.{hint} Data sets: {shown}.")


def resolve_id(beginning: str, known: Collection[str]) -> str:
    """Return the id of `known` that is, or alone begins with, `beginning`.

    Raises:
        UnknownProgramError: There is none, or more than one.
    """
    if beginning in known:
        return beginning
    found = [identifier for identifier in known if identifier.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
        raise UnknownProgramError(f"'{beginning}' begins {len(found)} ids: {listed}. Give more of it.")
    hint = did_you_mean(beginning, known, f" It holds {len(known)} programs.")
    raise UnknownProgramError(f"There is no program '{beginning}' here.{hint}")
