"""The programs that the measuring scripts judge: real ones, and the same broken as a model breaks them.

This module does *not* judge, and imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from measure_protocol import grammar_candidates

from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import EvaluationStatus
from evaluator.config import EvaluatorConfig

PROGRAMS = Path(__file__).parent.parent / "tests" / "programs"
_SUPER = "super().__init__()"

BREAKS: dict[EvaluationStatus, Callable[[str], str | None]] = {
    EvaluationStatus.NO_CODE: lambda _: None,
    EvaluationStatus.SYNTAX_ERROR: lambda source: source[: source.index("forward(self") + 9],
    EvaluationStatus.CONTRACT_ERROR: lambda source: source.replace("def learn(", "def fit("),
    EvaluationStatus.FORBIDDEN: lambda source: f"import subprocess\n{source}",
    EvaluationStatus.RUNTIME_ERROR: lambda source: source.replace(_SUPER, f"{_SUPER}; Block(8)"),
    EvaluationStatus.SHAPE_ERROR: lambda source: source.replace("out_shape[0]", "out_shape[0] - 1"),
}
"""How programs fail, in the order of the stages, and what does it: the last one builds and runs forward."""


def valid_programs(config: EvaluatorConfig, count: int) -> list[Candidate]:
    """Return the programs of `tests/programs`, and further ones of the grammar, `count` in all."""
    own = [_candidate(path.stem, path.read_text()) for path in sorted(PROGRAMS.glob("*.py"))][:count]
    return own + grammar_candidates(config, count - len(own), grammar_seed=0)


def break_program(candidate: Candidate, kind: EvaluationStatus) -> Candidate:
    """Return the program changed so that its evaluation ends with `kind`."""
    assert candidate.source is not None
    return _candidate(f"{candidate.id}/{kind}", BREAKS[kind](candidate.source))


def break_share(candidates: Sequence[Candidate], share: float) -> list[Candidate]:
    """Return the programs with a share of them broken, evenly spread, in one way after the other."""
    kinds = list(BREAKS)
    mixed: list[Candidate] = []
    broken = 0
    for number, candidate in enumerate(candidates, start=1):
        if broken < int(number * share + 1e-9):
            mixed.append(break_program(candidate, kinds[broken % len(kinds)]))
            broken += 1
        else:
            mixed.append(candidate)
    return mixed


def hyperparameters(config: EvaluatorConfig) -> dict[str, float]:
    """Return what the evaluator hands to every program."""
    return {"lr": config.lr, "momentum": config.momentum, "dropout": config.dropout}


def _candidate(name: str, source: str | None) -> Candidate:
    return Candidate(
        id=name, origin=Origin.IMPORTED, source=source, completion=source or "", index=0, generator="bench"
    )
