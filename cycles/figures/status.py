"""How far a run is, read from its ledger; works beside a running loop, since reading takes no lock."""

from __future__ import annotations

from pydantic import BaseModel

from corpus.ledger.reader import Ledger
from cycles.config.run import RunConfig
from cycles.limits.spending import Spending
from cycles.teachers.guard import rolled_back

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
        rolled_back: Cycles whose adapter the guard rolled back.
        spent: Which limit of the budget ended the run in the current cycle, and why; None where none did.
    """

    cycles: int
    completed: int
    current: int | None
    over: bool = False
    trained: bool = False
    sampled: int = 0
    judged: int = 0
    candidates: int
    spent: str | None = None
    rolled_back: tuple[int, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do: all cycles are complete, or search or budget are at their end."""
        return self.current is None or self.spent is not None

    def __str__(self) -> str:
        undone = ", ".join(map(str, self.rolled_back))
        return f"{self._progress()} Adapters rolled back: of cycle {undone}." if undone else self._progress()

    def _progress(self) -> str:
        if self.over:
            return f"The search is over, with nothing more to try: {self.completed} of {self.cycles} cycles."
        if self.current is None:
            every = "The one cycle is" if self.cycles == 1 else f"All {self.cycles} cycles are"
            return f"{every} complete."
        ended = "" if self.spent is None else f" The budget is used up: {self.spent}."
        return (
            f"{self.completed} of {self.cycles} cycles are complete. Cycle {self.current}: "
            f"adapter {'there' if self.trained else 'not there'}, "
            f"{self.sampled} of {self.candidates} sampled, {self.judged} judged.{ended}"
        )


def cycles_of(ledger: Ledger, config: RunConfig) -> int:
    """Return how many cycles a run has: as many as are asked for, fewer where its search ended before."""
    last = ledger.get_meta(SEARCH_OVER)
    return config.cycles if last is None else min(config.cycles, int(last) + 1)


def spent(ledger: Ledger, config: RunConfig) -> str | None:
    """Return which limit of the budget a run has reached, and the fact; None where none is reached."""
    if not config.budget.limited:
        return None
    found = Spending.of(ledger, config.cycles).used_up(config.budget)
    return None if found is None else f"budget.{found[0]}, {found[1]}"


def ended_cycles(ledger: Ledger, config: RunConfig) -> list[int]:
    """Return the complete cycles of a run, and the one that its budget cut short if any of it is judged."""
    complete = ledger.completed_cycles()
    state = run_status(ledger, config)
    cut_short = state.current is not None and state.spent is not None and state.judged > 0
    return [*complete, state.current] if cut_short and state.current is not None else complete


def run_status(ledger: Ledger, config: RunConfig) -> RunStatus:
    """Return the state of the run whose ledger is `ledger`."""
    completed = set(ledger.completed_cycles())
    planned = cycles_of(ledger, config)
    current = next((cycle for cycle in range(planned) if cycle not in completed), None)
    guarded = range(config.cycles) if config.teaching.guard else ()
    state = RunStatus(
        cycles=config.cycles,
        completed=len(completed),
        current=current,
        over=current is None and planned < config.cycles,
        candidates=config.candidates,
        rolled_back=tuple(cycle for cycle in guarded if rolled_back(ledger, cycle)),
    )
    if current is None:
        return state
    return state.model_copy(
        update={
            "trained": ledger.training(current) is not None,
            "sampled": ledger.written_count(current),
            "judged": ledger.judged_count(current),
            "spent": spent(ledger, config),
        }
    )
