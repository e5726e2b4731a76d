"""How far a ledger is, and what came of its candidates, without a record of any of them.

Whoever looks again and again asks for what was judged since. This module does *not* compute figures.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from corpus.ledger.opened import OpenLedger

_OUTCOMES = """
    SELECT admissions.seq, candidates.id, cycle, status, accuracy, admitted FROM admissions
    CROSS JOIN candidates ON candidates.id = admissions.candidate_id
    CROSS JOIN evaluations ON evaluations.candidate_id = admissions.candidate_id
        AND evaluations.protocol_id = admissions.protocol_id
"""
"""In this order: SQLite keeps to it in a CROSS JOIN, and so begins with the few admissions asked for."""

_IN_ORDER = ' ORDER BY candidates.cycle, candidates."index", candidates.seq'


class Outcome(NamedTuple):
    """What came of one candidate of a cycle.

    Attributes:
        seq: Its place in the order of judging; it only grows.
        candidate_id: The candidate.
        cycle: Its cycle.
        status: How its deciding evaluation ended.
        accuracy: The score found there, in [0, 1], None without one.
        admitted: Whether it entered the corpus.
    """

    seq: int
    candidate_id: str
    cycle: int
    status: str
    accuracy: float | None
    admitted: bool


class Score(NamedTuple):
    """What one evaluation found.

    Attributes:
        candidate_id: The candidate.
        protocol_id: How it was judged.
        status: How that ended.
        accuracy: The score, in [0, 1], None without one.
    """

    candidate_id: str
    protocol_id: str
    status: str
    accuracy: float | None


class Decided(NamedTuple):
    """One candidate and the decision about it; `reason` is None and `admitted` False before there is one."""

    candidate_id: str
    admitted: bool
    reason: str | None


class OutcomeShelf(OpenLedger):
    """The counts and outcomes of a ledger."""

    def written_count(self, cycle: int) -> int:
        """Return how many candidates of a cycle are written."""
        return int(self._select("SELECT count(*) FROM candidates WHERE cycle = ?", cycle)[0][0])

    def judged_count(self, cycle: int) -> int:
        """Return how many candidates of a cycle are judged."""
        counted = "SELECT count(*) FROM candidates CROSS JOIN admissions ON candidate_id = candidates.id"
        return int(self._select(f"{counted} WHERE cycle = ?", cycle)[0][0])

    def outcomes(self, after: int = 0) -> list[Outcome]:
        """Return what came of the candidates of cycles, in the order of judging.

        Args:
            after: The place of the last one that is known already; 0 for none.
        """
        found = self._select(
            f"{_OUTCOMES} WHERE admissions.seq > ? AND cycle IS NOT NULL ORDER BY admissions.seq", after
        )
        return [Outcome(*row) for row in found]

    def scores(self) -> list[Score]:
        """Return what all evaluations found, in the order of their candidates."""
        found = self._select(
            "SELECT candidate_id, protocol_id, status, accuracy FROM evaluations"
            " JOIN candidates ON candidates.id = candidate_id"
            f"{_IN_ORDER}, evaluations.seq"
        )
        return [Score(*row) for row in found]

    def judges(self) -> set[tuple[str, str | None]]:
        """Return the protocols that programs were judged under, each with the machines that judged."""
        return {
            (row[0], row[1])
            for row in self._select("SELECT DISTINCT protocol_id, machine_id FROM evaluations")
        }

    def decisions(self) -> list[Decided]:
        """Return what was decided about every candidate, in their order."""
        found = self._select(
            "SELECT candidates.id, coalesce(admitted, 0), reason FROM candidates"
            f" LEFT JOIN admissions ON candidate_id = candidates.id{_IN_ORDER}"
        )
        return [Decided(row[0], bool(row[1]), row[2]) for row in found]

    def texts(self) -> dict[str, str]:
        """Return the program of every candidate that has one, in their order."""
        programs = "SELECT candidates.id, text FROM candidates JOIN sources ON content_id = source_id"
        return dict(map(tuple, self._select(programs + _IN_ORDER)))

    def exemplars(self) -> dict[str, tuple[str, ...]]:
        """Return the candidates that stood in a candidate's prompt, by candidate, where any did."""
        found = self._select(
            "SELECT candidates.id, exemplar_ids FROM prompts JOIN candidates ON prompt_id = prompts.id"
            f" WHERE exemplar_ids != '[]'{_IN_ORDER}"
        )
        return {row["id"]: tuple(json.loads(row["exemplar_ids"])) for row in found}

    def call_paths(self, cycle: int) -> dict[str, int]:
        """Return how many questions of a cycle's search were answered on each path, by the path's name."""
        found = self._select("SELECT path, count(*) FROM calls WHERE cycle = ? GROUP BY path", cycle)
        return dict(map(tuple, found))
