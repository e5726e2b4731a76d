"""What a ledger knows of the programs that were judged: text, judgement, recorded network.

This module does *not* compute features or choose what is predicted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from corpus.ledger.reader import Ledger
from corpus.records.evaluations import Evaluation
from corpus.records.graphs import NetworkGraph


class Known(NamedTuple):
    """One judged program.

    Attributes:
        source: Its text, as it was written.
        evaluation: Its judgement.
        graph: Its network, None where none was recorded.
        cycle: The cycle that wrote it.
    """

    source: str
    evaluation: Evaluation
    graph: NetworkGraph | None
    cycle: int


def known_programs(ledger: Ledger, cycles: Iterable[int]) -> Iterator[Known]:
    """Yield the programs of some cycles whose networks were built, in the order of their places.

    What never came to be a network is not among them: a probe tells that without a predictor.
    """
    for cycle in cycles:
        for candidate, evaluation, _ in ledger.judged(cycle):
            if candidate.source is not None and evaluation.parameters is not None:
                structure = evaluation.structure
                graph = None if structure is None else ledger.graph(structure)
                yield Known(candidate.source, evaluation, graph, cycle)
