"""Who enters the corpus: valid, new and strong programs, decided in this order.

`decide` is the rule, a pure function; `AdmissionGate` keeps it over a corpus that grows with each decision.
What counts as strong stands in `corpus.novelty.threshold`.
This module does *not* evaluate, and does not write to the ledger.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from typing import Self

from corpus.config import CorpusConfig
from corpus.ledger.reader import Ledger
from corpus.novelty.index import NoveltyIndex
from corpus.novelty.structure_index import StructureIndex
from corpus.novelty.threshold import threshold
from corpus.records.admissions import Admission, AdmissionReason, Neighbour
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation


class AdmissionGate:
    """The gate of one corpus: it knows who is in, and whoever it admits is in from then on."""

    def __init__(
        self,
        config: CorpusConfig,
        novelty: NoveltyIndex,
        structures: StructureIndex,
        keys: Iterable[str],
        scores: Iterable[float],
    ) -> None:
        """Guard the corpus that both indexes hold, with these keys of a search space.

        Args:
            config: The rule's settings.
            novelty: The programs by their text.
            structures: The programs by the networks that they build.
            keys: The points of a search space that they stand for.
            scores: The scores of all valid programs that were judged before, in any order.
        """
        self._config, self._novelty, self._structures, self._keys = config, novelty, structures, set(keys)
        self._scores = sorted(scores)

    @classmethod
    def from_ledger(cls, ledger: Ledger, config: CorpusConfig) -> Self:
        """Return the gate of the corpus as it stands in `ledger`.

        Raises:
            SimilarityMismatchError: The ledger was filled under another definition of similarity.
        """
        structures = StructureIndex.from_ledger(ledger)
        novelty = NoveltyIndex.from_ledger(ledger, config)
        return cls(config, novelty, structures, ledger.admitted_keys(), ledger.valid_scores())

    def decide(self, evaluation: Evaluation, candidate: Candidate) -> Admission:
        """Return the decision about a candidate; of twins that come one after the other only one enters.

        Args:
            evaluation: Its judgement.
            candidate: The candidate.
        """
        compared = candidate.source if evaluation.valid else None
        neighbour = self._novelty.nearest(compared) if compared else None
        twin_id = self._structures.twin(evaluation) if evaluation.valid else None
        known = candidate.key in self._keys
        admission = decide(
            evaluation, neighbour, self._config, twin_id, known_key=known, earlier=self._scores
        )
        if evaluation.valid and evaluation.accuracy is not None:
            insort(self._scores, evaluation.accuracy)
        if admission.admitted and candidate.source:
            self._novelty.add(evaluation.candidate_id, candidate.source)
            self._structures.add(evaluation)
            self._keys |= {candidate.key} if candidate.key is not None else set()
        return admission


def decide(
    evaluation: Evaluation,
    neighbour: Neighbour | None,
    config: CorpusConfig,
    twin_id: str | None = None,
    *,
    known_key: bool = False,
    earlier: Sequence[float] = (),
) -> Admission:
    """Return the decision about one candidate.

    Args:
        evaluation: Its judgement.
        neighbour: The nearest program of the corpus, twins of the same cycle included; None for an empty
            corpus or a candidate that was not compared.
        config: Which threshold, tau, and which notion of novelty decides.
        twin_id: The first program of the corpus that builds the same network, those of the same cycle
            included; None without one.
        known_key: Whether the corpus holds the same point of the search space.
        earlier: The scores of the valid programs judged before it, in ascending order; they make a relative
            threshold.

    Raises:
        ValueError: The evaluation is COMPLETE but has no accuracy.
    """
    known = evaluation.graph is not None or evaluation.structure is not None
    by_text = config.novelty in ("lexical", "both") or (config.novelty == "structural" and not known)
    if not evaluation.valid:
        reason = AdmissionReason.INVALID
    elif evaluation.accuracy is None:
        raise ValueError(f"{evaluation.candidate_id}: a complete evaluation must have an accuracy")
    elif by_text and neighbour is not None and neighbour.jaccard == 1.0:
        reason = AdmissionReason.EXACT_DUPLICATE
    elif by_text and neighbour is not None and neighbour.jaccard >= config.tau:
        reason = AdmissionReason.NEAR_DUPLICATE
    elif config.novelty in ("structural", "both") and twin_id is not None:
        reason = AdmissionReason.DUPLICATE_STRUCTURE
    elif config.novelty == "key" and known_key:
        reason = AdmissionReason.DUPLICATE_KEY
    elif evaluation.accuracy < threshold(config, evaluation.metric, earlier):
        reason = AdmissionReason.BELOW_THRESHOLD
    else:
        reason = AdmissionReason.ADMITTED
    return Admission(
        candidate_id=evaluation.candidate_id,
        admitted=reason is AdmissionReason.ADMITTED,
        reason=reason,
        nearest_id=neighbour.id if neighbour else None,
        jaccard=neighbour.jaccard if neighbour else None,
        twin_id=twin_id,
    )


def seed_admission(candidate: Candidate) -> Admission:
    """Return the admission of a program of the starting corpus, which is not compared with anything."""
    return Admission(candidate_id=candidate.id, admitted=True, reason=AdmissionReason.SEED)
