"""Who enters the corpus: valid, new and strong programs, decided in this order.

A pure function of its arguments. It does *not* evaluate, search for neighbours or write to the ledger.
"""

from __future__ import annotations

from corpus.config import CorpusConfig
from corpus.records.admissions import Admission, AdmissionReason, Neighbour
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation


def decide(
    evaluation: Evaluation, neighbour: Neighbour | None, config: CorpusConfig, twin_id: str | None = None
) -> Admission:
    """Return the decision about one candidate.

    Args:
        evaluation: Its judgement.
        neighbour: The nearest program of the corpus, twins of the same cycle included; None for an empty
            corpus or a candidate that was not compared.
        config: Threshold, tau, and which notion of novelty decides.
        twin_id: The first program of the corpus that builds the same network, those of the same cycle
            included; None without one.

    Raises:
        ValueError: The evaluation is COMPLETE but has no accuracy.
    """
    known = evaluation.graph is not None or evaluation.structure is not None
    by_text = config.novelty != "structural" or not known
    if not evaluation.valid:
        reason = AdmissionReason.INVALID
    elif evaluation.accuracy is None:
        raise ValueError(f"{evaluation.candidate_id}: a complete evaluation must have an accuracy")
    elif by_text and neighbour is not None and neighbour.jaccard == 1.0:
        reason = AdmissionReason.EXACT_DUPLICATE
    elif by_text and neighbour is not None and neighbour.jaccard >= config.tau:
        reason = AdmissionReason.NEAR_DUPLICATE
    elif config.novelty != "lexical" and twin_id is not None:
        reason = AdmissionReason.DUPLICATE_STRUCTURE
    elif evaluation.accuracy < config.min_accuracy:
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
