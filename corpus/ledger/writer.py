"""The ledger of a run and the corpus that grows in it: one SQLite file, appended to, never changed.

Every write is one durable transaction (WAL, `synchronous=FULL`): after a crash the ledger holds whole
batches and whole judgements. Appending a row that is there already does nothing if it is equal and raises
if it is not, so a stage that runs again after an interruption is safe. What is done is found by asking for
rows, never by counters.

Reading is in `corpus.ledger.reader`. This module does *not* decide on admission or compare programs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Self

from corpus.ledger import rows
from corpus.ledger.connection import create_database, lock_for_writing, open_database
from corpus.ledger.errors import ConflictError
from corpus.ledger.modules import module_row, probe_row
from corpus.ledger.reader import Ledger
from corpus.programs.structure import structure_of
from corpus.records.admissions import Admission, AdmissionReason
from corpus.records.base import content_id
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.exchange import ImportedEvaluation, ImportedProgram, SplitAssignment
from corpus.records.graphs import NetworkGraph
from corpus.records.machines import Machine
from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import ModuleProbe
from corpus.records.prompts import Prompt
from corpus.records.search.calls import Call
from corpus.records.search.ideas import Idea, SubCategory
from corpus.records.trainings import CycleStage, TrainingResult


class LedgerWriter(Ledger):
    """One ledger, open for writing, by one process at a time: a lock file beside it keeps other writers out.

    Use it as a context manager, in the thread that opened it; SQLite refuses another. What a `with` block
    appends is on the disk when the method returns. Every method may raise a `LedgerError` (see
    `corpus.ledger.errors`).
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: IO[str]) -> None:
        """Wrap an open connection; use `open` or `create`."""
        super().__init__(path, connection)
        self._lock = lock

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make an empty ledger and return it open."""
        return cls._locked(path, fresh=True)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Return an existing ledger, checked, and brought up to the schema of today."""
        if not path.is_file():
            open_database(path, read_only=False)  # raises, and leaves no lock file behind
        return cls._locked(path, fresh=False)

    @classmethod
    def _locked(cls, path: Path, *, fresh: bool) -> Self:
        lock = lock_for_writing(path)
        try:
            if fresh:
                create_database(path)
            return cls(path, open_database(path, read_only=False), lock)
        except BaseException:
            lock.close()
            raise

    def close(self) -> None:
        """Close the file and give up the lock."""
        super().close()
        self._lock.close()

    def add_prompts(self, cycle: int, prompts: Sequence[Prompt]) -> None:
        """Append the prompts of a cycle, all or none."""
        with self._writing():
            for prompt in prompts:
                self._append("prompts", ("id",), rows.prompt_row(prompt, cycle))

    def add_call(self, call: Call) -> None:
        """Append one call of the search."""
        with self._writing():
            self._append("calls", ("id",), rows.call_row(call))

    def add_candidates(self, candidates: Sequence[Candidate]) -> None:
        """Append one batch of candidates, all or none."""
        with self._writing():
            for candidate in candidates:
                self._append_candidate(candidate)

    def add_starting_corpus(self, seeds: Sequence[tuple[Candidate, Admission]]) -> None:
        """Append the starting corpus with its admissions, all or none."""
        with self._writing():
            for candidate, admission in seeds:
                self._append_candidate(candidate)
                self._append("admissions", ("candidate_id",), rows.admission_row(admission, None))

    def add_judgement(self, evaluation: Evaluation, admission: Admission) -> None:
        """Append an evaluation and the admission that rests on it, both or neither.

        Raises:
            ConflictError: They speak of different candidates, or contradict what is written.
        """
        if evaluation.candidate_id != admission.candidate_id:
            raise ConflictError(
                f"{self.path}: evaluation of {evaluation.candidate_id}, admission of {admission.candidate_id}"
            )
        with self._writing():
            self._append_evaluation(evaluation)
            row = rows.admission_row(admission, evaluation.protocol_id)
            self._append("admissions", ("candidate_id",), row)

    def add_evaluation(self, evaluation: Evaluation) -> None:
        """Append an evaluation that decides nothing, such as one under the protocol of a final test."""
        with self._writing():
            self._append_evaluation(evaluation)

    def add_imports(
        self, programs: Sequence[ImportedProgram], further: Sequence[ImportedEvaluation] = ()
    ) -> None:
        """Append programs from outside with all that is known of them, all or none.

        Args:
            programs: The programs.
            further: What others measured of programs that are there already.
        """
        with self._writing():
            for program in programs:
                self._append_candidate(program.candidate)
                self._append("provenance", ("candidate_id",), program.provenance.model_dump())
                for known in program.evaluations:
                    self._append_claim(known)
                if program.admitted:
                    admission = Admission(
                        candidate_id=program.candidate.id, admitted=True, reason=AdmissionReason.IMPORTED
                    )
                    self._append("admissions", ("candidate_id",), rows.admission_row(admission, None))
            for known in further:
                self._append_claim(known)

    def freeze_splits(self, assignments: Sequence[SplitAssignment]) -> None:
        """Append the splits of texts that had none, all or none; an assignment never changes."""
        with self._writing():
            for assignment in assignments:
                row = {**assignment.model_dump(), "split": assignment.split.value}
                self._append("split_assignments", ("text_id",), row)

    def record_training(self, cycle: int, result: TrainingResult, candidate_ids: Sequence[str]) -> None:
        """Append the fine-tuning behind the generator of `cycle`, and whom it learned from, in order."""
        with self._writing():
            row = {"cycle": cycle, "adapter_hash": result.adapter_hash, "result": result.model_dump_json()}
            self._append("trainings", ("cycle",), row)
            for position, identifier in enumerate(candidate_ids):
                chosen = {"cycle": cycle, "position": position, "candidate_id": identifier}
                self._append("training_selection", ("cycle", "position"), chosen)

    def complete_cycle(self, cycle: int) -> None:
        """Mark a cycle as complete; the first mark stays."""
        if self.is_complete(cycle):
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._writing():
            self._append("cycles", ("cycle",), {"cycle": cycle, "completed_at": now})

    def record_stage(self, cycle: int, stage: CycleStage, wall_seconds: float, detail: str = "") -> None:
        """Append the wall time of one piece of a stage; a stage done in several pieces has several rows."""
        row = {"cycle": cycle, "stage": stage, "wall_seconds": wall_seconds, "detail": detail}
        with self._writing():
            self._append("stage_times", (), row)

    def add_machine(self, machine: Machine) -> str:
        """Append the description of a machine and return the id that candidates and evaluations refer to."""
        with self._writing():
            self._append("machines", ("id",), {"id": machine.id, "description": machine.model_dump_json()})
        return machine.id

    def add_modules(self, modules: Sequence[MinedModule], probes: Sequence[ModuleProbe] = ()) -> None:
        """Append mined modules, and probes of these or of earlier ones, all or none; what is known stays.

        Raises:
            ConflictError: A probe is of no module that is known.
        """
        with self._writing():
            known = {row["id"] for row in self._select("SELECT id FROM modules")}
            for module in modules:
                if module.id not in known:
                    known.add(module.id)
                    self._append("modules", ("id",), module_row(module, self._append_text(module.text)))
            for probe in probes:
                row = probe_row(probe)
                found = "SELECT 1 FROM module_probes WHERE module_id = ? AND setting = ?"
                if not self._select(found, row["module_id"], row["setting"]):
                    self._append("module_probes", ("module_id", "setting"), row)

    def copy_modules(self, other: Ledger) -> None:
        """Append all modules and probes of another ledger, all or none; what is known stays as it is."""
        self.add_modules(other.modules(), other.module_probes())

    def add_ideas(self, template: Sequence[SubCategory], ideas: Sequence[Idea]) -> None:
        """Append a template and ideas under it, all or none.

        Raises:
            ConflictError: One of that name is there, and says other.
        """
        with self._writing():
            for leaf in template:
                self._append("idea_paths", ("path",), {"path": leaf.path, "document": leaf.model_dump_json()})
            for idea in ideas:
                row = {"id": idea.id, "path": idea.path, "document": idea.model_dump_json()}
                self._append("ideas", ("id",), row)

    def set_meta(self, key: str, value: str) -> None:
        """Append a fact about the run.

        Raises:
            ConflictError: `key` has another value; facts do not change.
        """
        with self._writing():
            self._append("meta", ("key",), {"key": key, "value": value})

    def _append_candidate(self, candidate: Candidate) -> None:
        source_id = None if candidate.source is None else self._append_text(candidate.source)
        row = rows.candidate_row(candidate, source_id, self._append_text(candidate.completion))
        self._append("candidates", ("id",), row)

    def _append_evaluation(self, evaluation: Evaluation) -> None:
        structure = evaluation.structure
        if evaluation.graph is not None:
            structure = self._append_graph(evaluation.graph)
            if evaluation.structure not in (None, structure):
                raise ConflictError(
                    f"{self.path}: {evaluation.candidate_id} has structure {structure} by its graph, "
                    f"{evaluation.structure} by its evaluation"
                )
        row = rows.evaluation_row(evaluation, structure)
        self._append("evaluations", ("candidate_id", "protocol_id"), row)

    def _append_claim(self, known: ImportedEvaluation) -> None:
        self._append_evaluation(known.evaluation)
        if known.detail is not None:
            keys = {key: getattr(known.evaluation, key) for key in ("candidate_id", "protocol_id")}
            self._append("imported_trials", tuple(keys), {**keys, "detail": known.detail})

    def _append_graph(self, graph: NetworkGraph) -> str:
        structure = structure_of(graph)
        # The first recording of a network stands for all: they differ at most in the order of their nodes.
        if not self._select("SELECT 1 FROM structures WHERE structure = ?", structure.exact):
            self._append("structures", ("structure",), rows.structure_row(graph, structure))
        return structure.exact

    def _append_text(self, text: str) -> str:
        text = rows.storable(text)
        address = content_id(text)
        self._append("sources", ("content_id",), {"content_id": address, "text": text})
        return address

    def _append(self, table: str, key: tuple[str, ...], row: Mapping[str, Any]) -> None:
        columns = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(f":{name}" for name in row)
        insert = f"INSERT INTO {table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING"
        if self._connection.execute(insert, dict(row)).rowcount:
            return
        where = " AND ".join(f"{name} = :{name}" for name in key)
        known = self._connection.execute(f"SELECT {columns} FROM {table} WHERE {where}", dict(row)).fetchone()
        if known is None or dict(known) != dict(row):
            name = "/".join(str(row[part]) for part in key)
            raise ConflictError(f"{self.path}: {table} holds {name} (or its place) with other content.")

    def _writing(self) -> AbstractContextManager[None]:
        return self._transaction("BEGIN IMMEDIATE")
