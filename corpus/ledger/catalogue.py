"""A ledger's programs at hand: found by id, by a unique beginning of an id, or by what is known of them.

All but texts and families is asked in SQL, and no record is made but of the programs that are wanted. This
module does *not* compare programs (`corpus.novelty`) or write.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from corpus.ledger.reader import Ledger
from corpus.objectives import Caps
from corpus.programs.families import FAMILIES, block_families
from corpus.records.admissions import Admission
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus, data_set_of
from corpus.records.mistakes import Mistake, did_you_mean

_SHOWN = 5
_MAY_HAVE_TEXT = r"(sources.text LIKE ? ESCAPE '\' OR instr(sources.text, char(0)))"
"""What SQLite says of a text faster than Python does: its LIKE knows upper and lower case of ASCII, and reads
up to a NUL. So this finds all that has a text, and perhaps more."""
_LIKE_SPECIAL = re.compile(r"[%_\\]")
_LONGEST_LIKE = 1_000
_IN_ORDER = 'ORDER BY candidates.cycle, candidates."index", candidates.seq'


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

    @property
    def reads_texts(self) -> bool:
        """Whether the program's own text has to be looked at."""
        return self.text is not None or self.family is not None

    def fits(self, source: str) -> bool:
        """Return whether a program's text is as it is asked for."""
        if self.text is not None and self.text.lower() not in source.lower():
            return False
        return self.family is None or self.family in block_families(source)

    def conditions(self) -> dict[str, Any]:
        """Return the conditions in SQL, each with its value: what must hold for all of the rest to hold."""
        asked = {
            _MAY_HAVE_TEXT: self._like(),
            "admissions.admitted = ?": 1 if self.admitted else None,
            "status = ?": self.status and self.status.value,
            "accuracy >= ?": self.min_accuracy,
            "parameters <= ?": self.caps.parameters,
            "flops <= ?": self.caps.flops,
        }
        return {words: value for words, value in asked.items() if value is not None}

    def _like(self) -> str | None:
        """Return the pattern of the text, None where SQLite cannot look for it."""
        text = self.text
        if not text or not text.isascii() or "\0" in text or len(text) > _LONGEST_LIKE:
            return None
        escaped = _LIKE_SPECIAL.sub(r"\\\g<0>", text)
        return f"%{escaped}%"


class Catalogue:
    """All programs of one open ledger, in its order: seeds first, then by cycle and index."""

    def __init__(self, ledger: Ledger) -> None:
        """Look into `ledger`, which stays open meanwhile."""
        self._ledger = ledger

    def ids(self) -> list[str]:
        """Return the ids of all programs, in their order."""
        return [row["id"] for row in self._ledger.rows_of(f"SELECT id FROM candidates {_IN_ORDER}")]

    def get(self, identifier: str, data_set: str | None = None) -> Entry | None:
        """Return the program of exactly that id, or None.

        Args:
            identifier: Its id.
            data_set: Whole name of the data set whose judgements alone are wanted; None for all.
        """
        try:
            candidate, evaluations, admission = self._ledger.known_of(identifier)
        except KeyError:
            return None
        found = (one for one in evaluations if data_set in (None, one.data_set))
        return Entry(candidate, tuple(found), admission)

    def resolve(self, beginning: str) -> Entry:
        """Return the program whose id is, or alone begins with, `beginning`.

        Raises:
            UnknownProgramError: There is none, or more than one.
        """
        found = self.get(beginning) or self.get(resolve_id(beginning, dict.fromkeys(self.ids())))
        assert found is not None
        return found

    def search(self, criteria: Criteria) -> list[str]:
        """Return the ids of the programs that fulfil `criteria`, in the order of the ledger.

        Raises:
            UnknownFamilyError: There is no such family.
            UnknownDataSetError: Nothing was measured on such a data set.
        """
        if criteria.family is not None and criteria.family not in FAMILIES:
            hint = did_you_mean(criteria.family, FAMILIES)
            raise UnknownFamilyError(f"No family '{criteria.family}'.{hint} Families: {', '.join(FAMILIES)}.")
        protocols = None
        if criteria.data_set is not None:
            data_set = self.resolve_data_set(criteria.data_set)
            protocols = [name for name, known in self._data_sets().items() if known == data_set]
        query, values = _query(criteria, protocols)
        found = self._ledger.rows_of(query, *values)
        return [row["id"] for row in found if not criteria.reads_texts or criteria.fits(row["text"] or "")]

    def resolve_data_set(self, given: str) -> str:
        """Return the data set that has this name, or alone has it as one part of its name.

        Raises:
            UnknownDataSetError: There is none, or more than one.
        """
        names = dict.fromkeys(self._data_sets().values())
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

    def _data_sets(self) -> dict[str, str]:
        """Return the data set of every protocol, in the order in which they first judged."""
        found = self._ledger.rows_of(
            "SELECT protocol_id FROM evaluations GROUP BY protocol_id ORDER BY min(seq)"
        )
        return {row["protocol_id"]: data_set_of(row["protocol_id"]) for row in found}


def _query(criteria: Criteria, protocols: Sequence[str] | None) -> tuple[str, list[Any]]:
    """Return the query for what fulfils all of `criteria` but those on texts, and its values.

    A program's evaluation is the one that its admission rests on; without such a one, or where only
    some `protocols` count, the first. Evaluations are joined only where something is asked of them.
    """
    wanted, values = criteria.conditions(), list[Any]()
    joined = "SELECT candidates.id, sources.text" if criteria.reads_texts else "SELECT candidates.id"
    joined += " FROM candidates LEFT JOIN admissions ON admissions.candidate_id = candidates.id"
    if protocols is not None or set(wanted) - {"admissions.admitted = ?", _MAY_HAVE_TEXT}:
        chosen = list(protocols or ())
        among = f" AND one.protocol_id IN ({', '.join('?' * len(chosen))})" if protocols is not None else ""
        of_it = f"FROM evaluations AS one WHERE one.candidate_id = candidates.id{among}"
        joined += (
            " JOIN evaluations ON evaluations.seq = coalesce("
            f"(SELECT one.seq {of_it} AND one.protocol_id = admissions.protocol_id),"
            f" (SELECT min(one.seq) {of_it}))"
        )
        values += chosen * 2
    if criteria.reads_texts:
        joined += " LEFT JOIN sources ON content_id = source_id"
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    return f"{joined}{where} {_IN_ORDER}", [*values, *wanted.values()]


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
