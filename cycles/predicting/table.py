"""How well scores are predicted over one or several runs: the table of `archloop predict`.

Its programs are those that were trained to the end under one protocol, below chance or not. This module does
*not* run programs: who gives zero-cost scores is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from corpus.ledger.reader import Ledger
from corpus.novelty.groups import near_duplicate_groups
from corpus.novelty.similarity import Shingler
from corpus.records.base import Record
from cycles.carrying import carrier_of
from cycles.errors import UsageError
from cycles.figures.measure import require_one_metric
from cycles.predicting.features import Features, Group, features
from cycles.predicting.model import Learner
from cycles.predicting.rows import Known, known_programs
from cycles.predicting.validation import (
    FOLDS,
    LEAST_GROUPS,
    LEAST_PROGRAMS,
    NextCycle,
    OwnRank,
    Quality,
    feature_choices,
    next_cycles,
    own_ranks,
    quality,
)
from cycles.predicting.zero_cost import SCORES, Scores
from cycles.run.run_directory import RunDirectory


class PredictionTable(Record):
    """How well scores are predicted by each choice of features, and how well single numbers rank.

    Attributes:
        protocol_id: The protocol of all programs.
        programs: How many programs.
        duplicate_groups: How many groups of near-duplicates these are.
        places: How many of the 16 noted losses are known.
        folds: Parts of the cross-validation.
        learner: Which predictor.
        choices: By choice of features.
        own: Numbers that rank by themselves.
        next_cycles: How well code and graph of the cycles before rank each cycle.
    """

    protocol_id: str
    programs: int
    duplicate_groups: int
    places: int
    folds: int = FOLDS
    learner: Learner
    choices: tuple[Quality, ...]
    own: tuple[OwnRank, ...]
    next_cycles: tuple[NextCycle, ...]


def prediction_table(
    runs: Sequence[Path],
    *,
    places: int = 4,
    learner: Learner = "forest",
    seed: int = 0,
    score: Callable[[str], Scores] | None = None,
) -> PredictionTable:
    """Return the table over the complete cycles of runs.

    Args:
        runs: Run directories.
        places: How many of the 16 noted losses count as the first part of the curve.
        learner: Which predictor.
        seed: Seeds folds and predictor.
        score: Returns the zero-cost scores of a program as it is judged; None for a table without them.

    Raises:
        UsageError: The runs have several protocols, or too few programs or groups of near-duplicates.
    """
    known, judged = _read(runs)
    _require_one_protocol(runs, known)
    programs = [each for row in known for each in row]
    similarity = RunDirectory.open(runs[0]).config().corpus
    shingler = Shingler.from_config(similarity)
    twins = near_duplicate_groups([shingler.array(each.source) for each in programs], similarity.tau)
    _require_enough(len(programs), len(set(twins)))
    scored = None if score is None else [score(each) for each in judged]
    groups = [each for each in Group if scored is not None or each is not Group.SCORES]
    given: Sequence[Scores | None] = scored or [None] * len(programs)
    rows = [_features(each, groups, places, one) for each, one in zip(programs, given, strict=True)]
    cycles = [(run, each.cycle) for run, row in enumerate(known) for each in row]
    truth = [each.evaluation.accuracy or 0.0 for each in programs]
    numbers = _numbers(programs, rows, scored)
    return PredictionTable(
        protocol_id=programs[0].evaluation.protocol_id,
        programs=len(programs),
        duplicate_groups=len(set(twins)),
        places=places,
        learner=learner,
        choices=tuple(
            quality(rows, truth, twins, choice, seed=seed, learner=learner)
            for choice in feature_choices(groups)
        ),
        own=tuple(own_ranks(numbers, truth, twins)),
        next_cycles=tuple(
            next_cycles(rows, truth, cycles, (Group.CODE, Group.GRAPH), seed=seed, learner=learner)
        ),
    )


def _read(runs: Sequence[Path]) -> tuple[list[list[Known]], list[str]]:
    """Return the programs of each run that have a score, and all their texts as they were judged."""
    known, judged = [], []
    for path in runs:
        with Ledger.open(RunDirectory.open(path).ledger_file) as ledger:
            found = list(known_programs(ledger, ledger.completed_cycles()))
            known.append([each for each in found if each.evaluation.accuracy is not None])
            judged += [carrier_of(ledger).source(each.source) for each in known[-1]]
    return known, judged


def _features(program: Known, groups: Sequence[Group], places: int, scores: Scores | None) -> Features:
    return features(
        program.source,
        groups,
        graph=program.graph,
        evaluation=program.evaluation,
        places=places,
        scores=scores,
    )


def _numbers(
    programs: Sequence[Known], rows: Sequence[Features], scored: Sequence[Scores] | None
) -> dict[str, list[float | None]]:
    """Return the numbers that may rank by themselves: zero-cost scores, sizes, and the lowest loss so far."""
    numbers: dict[str, list[float | None]] = {
        "parameters": [each.evaluation.parameters for each in programs],
        "flops": [each.evaluation.flops for each in programs],
        "lowest loss": [-row["curve/lowest"] for row in rows],
    }
    if scored is not None:
        numbers |= {name: [each[name] for each in scored] for name in SCORES if name not in numbers}
    return numbers


def _require_one_protocol(runs: Sequence[Path], known: Sequence[Sequence[Known]]) -> None:
    require_one_metric(
        {str(path): row[0].evaluation.metric for path, row in zip(runs, known, strict=True) if row}
    )
    protocols = sorted({each.evaluation.protocol_id for row in known for each in row})
    if len(protocols) > 1:
        raise UsageError(
            f"Scores of different protocols do not compare: {', '.join(protocols)}. Name runs of one alone."
        )


def _require_enough(programs: int, groups: int) -> None:
    if programs < LEAST_PROGRAMS or groups < LEAST_GROUPS:
        raise UsageError(
            f"{programs} trained programs in {groups} groups of near-duplicates are too few to say how well "
            f"scores are predicted: {LEAST_PROGRAMS} in {LEAST_GROUPS} groups are needed. Name more runs."
        )
