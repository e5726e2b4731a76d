"""Who enters the corpus: valid, new and strong programs, decided in this order.

A pure function of its arguments. It does *not* evaluate, search for neighbours or write to the store.
"""

from __future__ import annotations

from corpus.config import CorpusConfig
from corpus.records import Admission, AdmissionReason, Candidate, Evaluation, Neighbour


def decide(evaluation: Evaluation, neighbour: Neighbour | None, config: CorpusConfig) -> Admission:
    """Return the decision about one candidate.

    Args:
        evaluation: Its judgement.
        neighbour: The nearest program of the corpus, twins of the same cycle included; None for an empty
            corpus or a candidate that was not compared.
        config: Threshold and tau.

    Raises:
        ValueError: The evaluation is COMPLETE but has no accuracy.
    """
    if not evaluation.valid:
        reason = AdmissionReason.INVALID
    elif evaluation.accuracy is None:
        raise ValueError(f"{evaluation.candidate_id}: a complete evaluation must have an accuracy")
    elif neighbour is not None and neighbour.jaccard == 1.0:
        reason = AdmissionReason.EXACT_DUPLICATE
    elif neighbour is not None and neighbour.jaccard >= config.tau:
        reason = AdmissionReason.NEAR_DUPLICATE
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
    )


def seed_admission(candidate: Candidate) -> Admission:
    """Return the admission of a program of the starting corpus, which is not compared with anything."""
    return Admission(candidate_id=candidate.id, admitted=True, reason=AdmissionReason.SEED)
