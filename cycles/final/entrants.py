"""Who takes part in the first wave, and in which order they come out of it.

In: the best valid programs of the run by the accuracy that the search measured, each program once; what was
renamed or laid out otherwise is the same program. AgentNAS's seed and the best network beside it take part
whatever their places, so that both are measured alike. Out: by the mean validation accuracy over the seeds, a
training that failed counting as 0.

What is called an accuracy is the score of the task's metric where that is another, of which more is better.
Nothing here reads, or is told, anything of the test split.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from corpus.ledger.reader import Ledger
from corpus.programs.tokens import canonical_tokens
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.search.trials import Trial
from generator.strategies.agentnas.seeds import beside_seed


class Entrant(NamedTuple):
    """One network of the first wave.

    Attributes:
        candidate: Its program.
        searched: The evaluation by which it got in.
    """

    candidate: Candidate
    searched: Evaluation


class Standing(NamedTuple):
    """An entrant with what the first wave measured.

    Attributes:
        entrant: The network.
        trainings: Its evaluations on the validation split, one for each seed.
    """

    entrant: Entrant
    trainings: tuple[Evaluation, ...]

    @property
    def accuracies(self) -> list[float]:
        """Its validation accuracies, 0 for each training that failed."""
        return [(one.accuracy or 0.0) if one.valid else 0.0 for one in self.trainings]

    @property
    def mean(self) -> float:
        """What decides."""
        return fmean(self.accuracies)


def judged_programs(ledger: Ledger, cycles: int) -> list[Trial]:
    """Return all that a run of so many cycles has judged so far, in its order."""
    return [row for cycle in range(cycles) for row in ledger.judged(cycle)]


def best_entrants(judged: Iterable[Trial], top: int) -> list[Entrant]:
    """Return at most `top` valid programs, the most accurate first; of equally accurate ones the earlier."""
    valid = (row for row in judged if row.evaluation.valid and row.candidate.source is not None)
    ranked = sorted(valid, key=lambda row: -(row.evaluation.accuracy or 0.0))
    distinct: dict[tuple[str, ...], Entrant] = {}
    for row in ranked:
        program = canonical_tokens(row.candidate.source or "")
        distinct.setdefault(program, Entrant(row.candidate, row.evaluation))
    return list(distinct.values())[:top]


def with_seed(entrants: Sequence[Entrant], judged: Sequence[Trial]) -> list[Entrant]:
    """Return entrants, and behind them those of a run's seed and the best network beside it that are missing.

    Args:
        entrants: The best of the run.
        judged: All that it judged.
    """
    found, beside = list(entrants), beside_seed(judged)
    for row in () if beside is None else beside:
        there = {each.candidate.id for each in found}
        if row is not None and row.evaluation.valid and row.candidate.id not in there:
            found.append(Entrant(row.candidate, row.evaluation))
    return found


def standings(entrants: Sequence[Entrant], trainings: Mapping[str, Sequence[Evaluation]]) -> list[Standing]:
    """Return those who learnt anything, the best first; of equals the one with fewer parameters.

    Args:
        entrants: Who took part, in their order.
        trainings: The evaluations of the first wave, by candidate.
    """
    found = [Standing(each, tuple(trainings[each.candidate.id])) for each in entrants]
    able = [each for each in found if each.mean > 0]
    return sorted(able, key=lambda each: (-each.mean, each.entrant.searched.parameters or 0))
