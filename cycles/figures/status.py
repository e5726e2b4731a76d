"""How far a run is, read from its ledger; works beside a running loop, since reading takes no lock."""

from __future__ import annotations

from pydantic import BaseModel

from corpus.ledger.reader import Ledger
from cycles.config.run import RunConfig

SEARCH_OVER = "search-over"
"""The fact of a ledger that its search had nothing more to try: the last cycle, in which that came out."""


class RunStatus(BaseModel):
    """The state of a run.

    Attributes:
        cycles: Cycles that the configuration asks for.
        completed: Cycles that are complete.
        current: The cycle under way, None when all are complete or the search is over.
        over: Whether the search ended by itself, with nothing more to try.
        trained: Whether the adapter of the current cycle is there.
        sampled: Candidates of the current cycle that are written.
        judged: Candidates of the current cycle that are judged.
        candidates: Candidates that each cycle asks for.
    """

    cycles: int
    completed: int
    current: int | None
    over: bool = False
    trained: bool = False
    sampled: int = 0
    judged: int = 0
    candidates: int

    def __str__(self) -> str:
        if self.over:
            return f"The search is over, with nothing more to try: {self.completed} of {self.cycles} cycles."
        if self.current is None:
            return f"All {self.cycles} cycles are complete."
        return (
            f"{self.completed} of {self.cycles} cycles are complete. Cycle {self.current}: "
            f"adapter {'there' if self.trained else 'not there'}, "
            f"{self.sampled} of {self.candidates} sampled, {self.judged} judged."
        )


def cycles_of(ledger: Ledger, config: RunConfig) -> int:
    """Return how many cycles a run has: as many as are asked for, fewer where its search ended before."""
    last = ledger.get_meta(SEARCH_OVER)
    return config.cycles if last is None else min(config.cycles, int(last) + 1)


def run_status(ledger: Ledger, config: RunConfig) -> RunStatus:
    """Return the state of the run whose ledger is `ledger`."""
    completed = set(ledger.completed_cycles())
    planned = cycles_of(ledger, config)
    current = next((cycle for cycle in range(planned) if cycle not in completed), None)
    state = RunStatus(
        cycles=config.cycles,
        completed=len(completed),
        current=current,
        over=current is None and planned < config.cycles,
        candidates=config.candidates,
    )
    if current is None:
        return state
    return state.model_copy(
        update={
            "trained": ledger.training(current) is not None,
            "sampled": ledger.written_count(current),
            "judged": ledger.judged_count(current),
        }
    )
