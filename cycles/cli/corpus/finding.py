"""What a search of a corpus leaves of the programs that it found: a front, or those most like a text.

This module does *not* show anything, and opens no ledger.
"""

from __future__ import annotations

from collections.abc import Sequence

from corpus.config import CorpusConfig
from corpus.ledger.catalogue import Entry
from corpus.novelty.shingle_index import ShingleIndex
from corpus.novelty.similarity import Shingler
from corpus.objectives import Caps, Objective, front
from cycles.errors import UsageError


def front_of(entries: list[Entry], objectives: Sequence[Objective]) -> list[Entry]:
    """Return the front of what was found, the best in the first objective first.

    Raises:
        UsageError: The programs were judged on several data sets, whose accuracies do not compare.
    """
    pairs = [(entry, entry.evaluation) for entry in entries if entry.evaluation is not None]
    data_sets = sorted({evaluation.data_set for _, evaluation in pairs if evaluation.valid})
    if len(data_sets) > 1:
        raise UsageError(
            f"The programs were judged on {len(data_sets)} data sets, whose accuracies do not compare: "
            f"{', '.join(data_sets[:5])}. Name one: --dataset {data_sets[0]}"
        )
    places = front([evaluation for _, evaluation in pairs], objectives, Caps())
    first = objectives[0]
    sign = -1 if first.more else 1
    return [
        pairs[place][0] for place in sorted(places, key=lambda place: sign * (first.of(pairs[place][1]) or 0))
    ]


def most_similar(
    entries: list[Entry], text: str, config: CorpusConfig, limit: int
) -> tuple[list[Entry], dict[str, float]]:
    """Return the entries most similar to `text`, best first, and their exact similarities."""
    # The exact search, whichever one decides in the ledger: who looks for the likest wants no chance in it.
    index, shingler = ShingleIndex(), Shingler.from_config(config)
    programs = [(entry, entry.candidate.source) for entry in entries if entry.candidate.source is not None]
    for _, source in programs:
        index.add(shingler.array(source))
    found = index.neighbours(shingler.array(text), limit)
    likest = [programs[match.row][0] for match in found]
    return likest, {entry.candidate.id: match.jaccard for entry, match in zip(likest, found, strict=True)}
