"""The ledger's questions: what was asked for, sampled, judged, admitted, trained and completed.

Every answer is read from rows, never from counters: a resumed run and an unbroken one give the same.

This module does *not* write; `corpus.ledger.writer` appends.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from corpus.ledger import rows
from corpus.ledger.ideas import IdeaShelf
from corpus.ledger.modules import ModuleLibrary
from corpus.ledger.outcomes import OutcomeShelf
from corpus.records.admissions import Admission
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation
from corpus.records.exchange import Provenance, SplitAssignment
from corpus.records.graphs import NetworkGraph
from corpus.records.machines import Machine
from corpus.records.prompts import Prompt
from corpus.records.search.calls import Call
from corpus.records.search.trials import Trial
from corpus.records.trainings import CycleRow, TrainingResult

_CANDIDATES = """
    SELECT candidates.*, program.text AS source, answer.text AS completion FROM candidates
    LEFT JOIN sources AS program ON program.content_id = source_id
    JOIN sources AS answer ON answer.content_id = completion_id
"""
_JUDGED = """
    SELECT evaluations.* FROM candidates CROSS JOIN admissions ON admissions.candidate_id = candidates.id
    CROSS JOIN evaluations ON evaluations.candidate_id = candidates.id
        AND (admissions.protocol_id = evaluations.protocol_id
             OR admissions.protocol_id IS NULL AND admissions.reason = 'SEED')
"""
"""In this order: SQLite keeps to it in a CROSS JOIN, and so begins with the candidates asked for."""
_IN_ORDER = ' ORDER BY candidates.cycle, candidates."index", candidates.seq'


class Ledger(ModuleLibrary, IdeaShelf, OutcomeShelf):
    """One ledger, open for reading: it locks out nobody, and may be read while a run goes on.

    Use it as a context manager, in the thread that opened it. Every method may raise a `LedgerError`.
    """

    def prompts(self, cycle: int) -> list[Prompt]:
        """Return the prompts of a cycle, in the order in which they were appended."""
        found = self._select("SELECT * FROM prompts WHERE cycle = ? ORDER BY seq", cycle)
        return [rows.prompt_from(row) for row in found]

    def prompt(self, identifier: str) -> Prompt:
        """Return one prompt.

        Raises:
            KeyError: There is none of that id.
        """
        return rows.prompt_from(self._only("SELECT * FROM prompts WHERE id = ?", identifier))

    def candidates(self, cycle: int | None = None, origin: Origin | None = None) -> list[Candidate]:
        """Return the candidates, or those of a cycle or an origin: seeds first, then by cycle and index."""
        where, values = _where(cycle=cycle, origin=origin and origin.value)
        return [rows.candidate_from(row) for row in self._select(_CANDIDATES + where + _IN_ORDER, *values)]

    def unevaluated(self, cycle: int) -> list[Candidate]:
        """Return the candidates of a cycle that are not judged yet, by index."""
        undecided = " WHERE cycle = ? AND candidates.id NOT IN (SELECT candidate_id FROM admissions)"
        return [rows.candidate_from(row) for row in self._select(_CANDIDATES + undecided + _IN_ORDER, cycle)]

    def evaluations(self, cycle: int | None = None, protocol_id: str | None = None) -> list[Evaluation]:
        """Return the evaluations, or those of a cycle or a protocol, in the order of their candidates."""
        where, values = _where(cycle=cycle, protocol_id=protocol_id)
        joined = "SELECT evaluations.* FROM evaluations JOIN candidates ON candidates.id = candidate_id"
        found = self._select(f"{joined}{where}{_IN_ORDER}, evaluations.seq", *values)
        return [rows.evaluation_from(row) for row in found]

    def admissions(self, cycle: int | None = None) -> list[Admission]:
        """Return the admissions, or those of a cycle, in the order of their candidates."""
        where, values = _where(cycle=cycle)
        joined = "SELECT admissions.* FROM admissions JOIN candidates ON candidates.id = candidate_id"
        return [rows.admission_from(row) for row in self._select(joined + where + _IN_ORDER, *values)]

    def judged(self, cycle: int) -> list[Trial]:
        """Return the judged candidates of a cycle, by index."""
        where, values = _where(cycle=cycle)
        with self._snapshot():
            judged = self._select(f"{_JUDGED}{where}", *values)
            deciding = {row["candidate_id"]: rows.evaluation_from(row) for row in judged}
            admissions = {row.candidate_id: row for row in self.admissions(cycle)}
            return [
                Trial(candidate, deciding[candidate.id], admissions[candidate.id])
                for candidate in self.candidates(cycle)
                if candidate.id in admissions
            ]

    def trial(self, candidate_id: str) -> Trial:
        """Return one judged candidate.

        Raises:
            KeyError: There is none of that id, or it is not judged.
        """
        with self._snapshot():
            candidate = self._only(f"{_CANDIDATES} WHERE candidates.id = ?", candidate_id)
            evaluation = self._only(f"{_JUDGED} WHERE candidates.id = ?", candidate_id)
            admission = self._only("SELECT * FROM admissions WHERE candidate_id = ?", candidate_id)
        return Trial(
            rows.candidate_from(candidate), rows.evaluation_from(evaluation), rows.admission_from(admission)
        )

    def known_of(self, candidate_id: str) -> tuple[Candidate, list[Evaluation], Admission | None]:
        """Return one candidate with all its evaluations, the deciding one first, and its admission, if any.

        Raises:
            KeyError: There is none of that id.
        """
        judged = "SELECT * FROM evaluations WHERE candidate_id = ? ORDER BY protocol_id IS NOT ?, seq"
        with self._snapshot():
            candidate = self._only(f"{_CANDIDATES} WHERE candidates.id = ?", candidate_id)
            decided = self._select("SELECT * FROM admissions WHERE candidate_id = ?", candidate_id)
            deciding = decided[0]["protocol_id"] if decided else None
            evaluations = self._select(judged, candidate_id, deciding)
        return (
            rows.candidate_from(candidate),
            [rows.evaluation_from(row) for row in evaluations],
            rows.admission_from(decided[0]) if decided else None,
        )

    def admitted(self, among: Collection[str] | None = None) -> list[tuple[Candidate, Evaluation | None]]:
        """Return the corpus in the order of admission; programs that were never evaluated come with None.

        Args:
            among: Ids of the only candidates that are wanted; None for all.
        """
        only = "" if among is None else " AND candidates.id IN (SELECT value FROM json_each(?))"
        asked = [] if among is None else [json.dumps(sorted(among))]
        with self._snapshot():
            judged = self._select(f"{_JUDGED} WHERE admitted = 1{only} ORDER BY evaluations.seq DESC", *asked)
            found = self._select(
                f"{_CANDIDATES} JOIN admissions ON candidate_id = candidates.id WHERE admitted = 1{only}"
                " ORDER BY admissions.seq",
                *asked,
            )
        deciding = {row["candidate_id"]: rows.evaluation_from(row) for row in judged}
        return [(rows.candidate_from(row), deciding.get(row["id"])) for row in found]

    def calls(self, cycle: int | None = None) -> list[Call]:
        """Return the calls of the run's search, or those of a cycle, in the order in which they were made."""
        where, values = _where(cycle=cycle)
        return [
            rows.call_from(row) for row in self._select(f"SELECT * FROM calls{where} ORDER BY seq", *values)
        ]

    def training(self, cycle: int) -> TrainingResult | None:
        """Return the fine-tuning recorded for the generator of `cycle`, if there was one."""
        found = self._select("SELECT result FROM trainings WHERE cycle = ?", cycle)
        return TrainingResult.model_validate_json(found[0]["result"]) if found else None

    def cycle_row(self, cycle: int) -> CycleRow | None:
        """Return what is recorded of a cycle as a whole, None before its fine-tuning or completion."""
        with self._snapshot():
            training = self.training(cycle)
            marks = self._select("SELECT completed_at FROM cycles WHERE cycle = ?", cycle)
            chosen = self._select(
                "SELECT candidate_id FROM training_selection WHERE cycle = ? ORDER BY position", cycle
            )
        if training is None and not marks:
            return None
        return CycleRow(
            cycle=cycle,
            complete=bool(marks),
            completed_at=marks[0]["completed_at"] if marks else None,
            training=training,
            training_ids=tuple(row["candidate_id"] for row in chosen),
        )

    def is_complete(self, cycle: int) -> bool:
        """Return whether a cycle is marked as complete."""
        return bool(self._select("SELECT 1 FROM cycles WHERE cycle = ?", cycle))

    def completed_cycles(self) -> list[int]:
        """Return the complete cycles in ascending order."""
        return [row["cycle"] for row in self._select("SELECT cycle FROM cycles ORDER BY cycle")]

    def stage_seconds(self, cycle: int) -> dict[str, float]:
        """Return the wall time of each stage of a cycle, its pieces added up, in the order of their start."""
        found = self._select(
            "SELECT stage, sum(wall_seconds) AS total FROM stage_times WHERE cycle = ?"
            " GROUP BY stage ORDER BY min(seq)",
            cycle,
        )
        return {row["stage"]: row["total"] for row in found}

    def get_meta(self, key: str) -> str | None:
        """Return a fact about the run, or None."""
        found = self._select("SELECT value FROM meta WHERE key = ?", key)
        return found[0]["value"] if found else None

    def splits(self) -> dict[str, SplitAssignment]:
        """Return the frozen splits by the id of the text, in the order in which they were assigned."""
        found = self._select("SELECT text_id, group_id, split FROM split_assignments ORDER BY seq")
        return {row["text_id"]: SplitAssignment(**row) for row in found}

    def provenance(self) -> dict[str, Provenance]:
        """Return where the imported programs come from, by candidate."""
        return {row["candidate_id"]: Provenance(**row) for row in self._select("SELECT * FROM provenance")}

    def imported_trials(self) -> dict[tuple[str, str], str]:
        """Return imported measurements in their source's words, as JSON, by candidate and protocol."""
        found = self._select("SELECT * FROM imported_trials")
        return {(row["candidate_id"], row["protocol_id"]): row["detail"] for row in found}

    def graph(self, structure: str) -> NetworkGraph:
        """Return the network that evaluations refer to as `structure`.

        Raises:
            KeyError: There is none of that id.
        """
        return NetworkGraph.model_validate_json(
            self._only("SELECT graph FROM structures WHERE structure = ?", structure)["graph"]
        )

    def topologies(self) -> dict[str, str]:
        """Return the hash of every network's topology, by its structure, in the order of their recording."""
        found = self._select("SELECT structure, skeleton FROM structures ORDER BY rowid")
        return {row["structure"]: row["skeleton"] for row in found}

    def admitted_programs(self) -> list[tuple[str, str]]:
        """Return candidate and address of its source for the admitted that have one, in their order."""
        found = self._select(
            "SELECT candidates.id, source_id FROM candidates"
            " JOIN admissions ON candidate_id = candidates.id"
            " WHERE admitted = 1 AND source_id IS NOT NULL ORDER BY admissions.seq"
        )
        return [(row["id"], row["source_id"]) for row in found]

    def admitted_keys(self) -> list[str]:
        """Return the points of a search space that the admitted stand for, in the order of admission."""
        found = self._select(
            "SELECT key FROM candidates JOIN admissions ON candidate_id = candidates.id"
            " WHERE admitted = 1 AND key IS NOT NULL ORDER BY admissions.seq"
        )
        return [row["key"] for row in found]

    def source(self, address: str) -> str:
        """Return the program kept at an address.

        Raises:
            KeyError: There is none.
        """
        return str(self._only("SELECT text FROM sources WHERE content_id = ?", address)["text"])

    def valid_scores(self, before: str | None = None) -> list[float]:
        """Return the scores of the valid programs that cycles have judged, ascending.

        Args:
            before: Only of those that were judged before this candidate; None for all.
        """
        found = self._select(
            "SELECT accuracy FROM admissions JOIN evaluations USING (candidate_id)"
            " JOIN candidates ON candidates.id = candidate_id"
            " WHERE admissions.protocol_id = evaluations.protocol_id AND status = 'COMPLETE'"
            " AND accuracy IS NOT NULL AND cycle IS NOT NULL AND (?1 IS NULL"
            "      OR admissions.seq < (SELECT seq FROM admissions WHERE candidate_id = ?1))"
            " ORDER BY accuracy",
            before,
        )
        return [row["accuracy"] for row in found]

    def admitted_structures(self) -> list[tuple[str, str, int]]:
        """Return candidate, structure and version of its hash for the admitted, in the order of admission."""
        found = self._select(
            "SELECT candidate_id, structure, version FROM admissions"
            " JOIN evaluations USING (candidate_id) JOIN structures USING (structure)"
            " WHERE admitted = 1 AND (admissions.protocol_id = evaluations.protocol_id"
            "                         OR admissions.protocol_id IS NULL)"
            " ORDER BY admissions.seq, evaluations.seq"
        )
        return [(row["candidate_id"], row["structure"], row["version"]) for row in found]

    def machine(self, identifier: str) -> Machine:
        """Return the machine that candidates and evaluations refer to as `identifier`.

        Raises:
            KeyError: There is none of that id.
        """
        return Machine.model_validate_json(
            self._only("SELECT description FROM machines WHERE id = ?", identifier)["description"]
        )


def _where(**wanted: Any) -> tuple[str, list[Any]]:
    """Return a condition on the columns that are not None, which an index can serve, and its values."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    words = " AND ".join(f"{name} = ?" for name in asked)
    return (f" WHERE {words}" if asked else ""), list(asked.values())
