"""Judges hostile programs in one sandbox, an honest one before, between and after them, and checks verdicts.

This module does *not* choose the programs, or look at canaries.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import pytest

from corpus.records.evaluations import Evaluation, EvaluationStatus
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from tests.evaluator_programs import candidate
from tests.hostile.suite import HostileProgram

WITHOUT_AND_WITH_LINT = [
    pytest.param(False, id="without lint"),
    pytest.param(True, id="with lint", marks=pytest.mark.slow),
]
"""Whether programs are linted, for a fixture."""

HONEST = "the honest program"


@dataclasses.dataclass
class Judged:
    """What became of all programs that this machine can contain.

    Attributes:
        results: The evaluation of each, by its name.
        honest: Those of the same honest program, judged before, between and after them.
    """

    results: dict[str, Evaluation] = dataclasses.field(default_factory=dict)
    honest: list[Evaluation] = dataclasses.field(default_factory=list)


def judge_all(
    evaluator: SandboxedEvaluator,
    programs: Sequence[HostileProgram],
    known: dict[str, object],
    honest: str,
    watch: Callable[[str], None] = lambda _: None,
) -> Judged:
    """Judge programs with an honest one before, in the middle and, for each worker, after them.

    Args:
        evaluator: The sandbox, entered.
        programs: What can be contained in it.
        known: What their tricks are told.
        honest: The honest program.
        watch: Is told the name of each program once its result has come.
    """
    middle, judged = len(programs) // 2, Judged()
    after = [None] * evaluator.config.workers
    queue = [None, *programs[:middle], None, *programs[middle:], *after]
    sources = (honest if each is None else each.source(known) for each in queue)
    results = evaluator.evaluate(candidate(source, index) for index, source in enumerate(sources))
    for each, result in zip(queue, results, strict=True):
        if each is None:
            judged.honest.append(result)
        else:
            judged.results[each.name] = result
        watch(HONEST if each is None else each.name)
    return judged


def require_verdict(
    hostile: HostileProgram, judged: Judged, barriers: frozenset[str], config: EvaluatorConfig
) -> None:
    """Require that a program was judged as its file says, within the limits; skip where none contains it."""
    lacking = hostile.missing(barriers)
    if lacking is not None:
        pytest.skip(f"this machine has no {lacking} to contain it: see `archloop doctor`")
    result = judged.results[hostile.name]
    assert hostile.expected(lint=config.lint).objection(result) is None, result
    assert result.error_type != "Escaped"
    assert result.wall_seconds < config.wall_seconds + 1 and result.cpu_seconds < config.cpu_seconds + 2
    assert (result.peak_memory_bytes or 0) < 2**30


def require_unharmed(judged: Judged) -> None:
    """Require that the honest program had the same result each time, to the bit."""
    first, *others = [(each.status, each.accuracy, each.losses) for each in judged.honest]
    assert first[0] is EvaluationStatus.COMPLETE, first
    assert others and all(each == first for each in others)


def require_no_better(judged: Judged) -> None:
    """Require that no hostile program is accurate but by honest work."""
    honest = judged.honest[0].accuracy
    assert honest is not None
    counting = {name: each.accuracy or 0.0 for name, each in judged.results.items() if each.valid}
    assert [name for name, accuracy in counting.items() if accuracy > honest + 0.05] == []
