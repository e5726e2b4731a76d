"""The winner's weights on the disk, from the end of their training until they lie in the folder.

The ledger notes their hash before the test split is read, so the figure stays tied to the very numbers that
it was measured with: weights that were lost are trained again, and must come out the same.

This module does *not* look into weights (`evaluator.supervisor.final.weights` has, before they come here).
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from corpus.files.reading import UnfitFile, read_bytes
from corpus.files.whole import file_in_the_making
from corpus.ledger.writer import LedgerWriter
from corpus.records.base import Record
from corpus.records.mistakes import Mistake
from evaluator.supervisor.final.weights import checked_weights
from evaluator.supervisor.final.workshop import Training


class OtherWeightsError(Mistake):
    """A training came out otherwise than the one whose weights were measured."""


class _Note(Record):
    """What the ledger notes of a training: the hash of its weights, and the hyperparameters it declared."""

    sha256: str
    declared: tuple[str, ...]


@dataclass(frozen=True)
class WeightsStore:
    """Weights by the program and the protocol that they were trained under.

    Attributes:
        ledger: Holds the hashes.
        place: Directory of the files, made as needed.
        beside: A file that may hold the same weights: those of an earlier folder.
        limit: Most bytes that weights may have.
    """

    ledger: LedgerWriter
    place: Path
    beside: Path
    limit: int

    def find(self, candidate_id: str, protocol_id: str) -> Training | None:
        """Return what a training under a protocol left, None where its weights are not here (any more)."""
        noted = self._noted(candidate_id, protocol_id)
        if noted is None:
            return None
        for path in (self._file(noted.sha256), self.beside):
            try:
                content = read_bytes(path, self.limit)
            except (FileNotFoundError, UnfitFile):
                continue
            if digest_of(content) == noted.sha256:
                return Training(checked_weights(content, self.limit), noted.declared)
        return None

    def keep(self, candidate_id: str, protocol_id: str, training: Training) -> None:
        """Write the weights of a training, and note whose they are.

        Raises:
            OtherWeightsError: Others were noted for this training.
        """
        content = training.weights.content
        note = _Note(sha256=digest_of(content), declared=training.declared)
        if self._noted(candidate_id, protocol_id) not in (None, note):
            raise OtherWeightsError(
                f"{candidate_id}: trained again, it came out with other weights than those that were "
                "measured, as on another machine. Start anew with another number of --epochs."
            )
        self.place.mkdir(exist_ok=True)
        with file_in_the_making(self._file(note.sha256)) as partial:
            partial.write_bytes(content)
        self.ledger.set_meta(_key(candidate_id, protocol_id), note.model_dump_json())

    def _noted(self, candidate_id: str, protocol_id: str) -> _Note | None:
        text = self.ledger.get_meta(_key(candidate_id, protocol_id))
        return None if text is None else _Note.model_validate_json(text)

    def clear(self) -> None:
        """Remove the files: what is taken home is in its folder."""
        shutil.rmtree(self.place, ignore_errors=True)

    def _file(self, digest: str) -> Path:
        return self.place / f"{digest[:16]}.safetensors"


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    return hashlib.sha256(content).hexdigest()


def _key(candidate_id: str, protocol_id: str) -> str:
    return f"final-weights:{candidate_id}:{protocol_id}"
