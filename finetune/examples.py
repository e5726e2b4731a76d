"""Which examples a fine-tuning sees: this run's winners, and replayed rows of the base corpus.

Pure, over records: nothing here loads a model, decides who is a winner (admission does), or whether the
winners are enough to train on (the loop does).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence

from corpus.records.base import derive_seed
from corpus.records.trainings import TrainingExample

logger = logging.getLogger(__name__)


def select_examples(
    winners: Sequence[TrainingExample], replay_pool: Sequence[TrainingExample], ratio: float, seed: int
) -> list[TrainingExample]:
    """Return all winners, then `round(ratio * len(winners))` rows drawn from the pool without replacement.

    The result depends on the *sets* of rows and on `seed`, not on the order they come in, so that a query
    without an ORDER BY cannot change a run. A row of the pool that is itself a winner is not drawn.

    Args:
        winners: Admitted programs as training rows.
        replay_pool: Rows of the base corpus.
        ratio: Replayed rows for each winner, at least 0.
        seed: Seeds the draw.

    Returns:
        The winners, then the replayed rows, each part ordered by candidate id. A pool that is too small is
        used up, and a warning says so.

    Raises:
        ValueError: If `ratio` is negative.
    """
    if ratio < 0:
        raise ValueError(f"the replay ratio must be at least 0, not {ratio}")
    chosen = sorted(winners, key=_order)
    taken = {example.candidate_id for example in chosen}
    pool = sorted((row for row in replay_pool if row.candidate_id not in taken), key=_order)
    wanted = round(ratio * len(chosen))
    if wanted > len(pool):
        logger.warning("Replay asks for %d rows, but the pool holds %d: all are used.", wanted, len(pool))
        wanted = len(pool)
    drawn = random.Random(derive_seed(seed, "replay")).sample(pool, wanted)
    return chosen + sorted(drawn, key=_order)


def _order(example: TrainingExample) -> tuple[str, str]:
    return example.candidate_id, example.completion
