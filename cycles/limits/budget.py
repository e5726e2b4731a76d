"""The budget of a run: counts what is spent as the loop goes, and ends the run where a limit is reached.

This module does *not* judge, and knows no command line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from corpus.ledger.reader import Ledger
from corpus.records.search.trials import Trial
from cycles.config.budget import BudgetConfig
from cycles.errors import BudgetSpent
from cycles.limits.spending import Spending


@dataclass
class Budget:
    """What a run may spend, and what it has spent.

    Attributes:
        config: The limits.
        question_tokens: Returns the tokens of all answers to the search's questions.
        spending: What was spent before the stage under way, and its judgements.
    """

    config: BudgetConfig
    question_tokens: Callable[[], int]
    spending: Spending
    _since: float | None = field(default=None, init=False)

    @classmethod
    def of(
        cls, config: BudgetConfig, ledger: Ledger, cycles: int, question_tokens: Callable[[], int]
    ) -> Budget:
        """Return the budget of a run as it stands; nothing is read where nothing is limited."""
        return cls(config, question_tokens, Spending.of(ledger, cycles) if config.limited else Spending())

    def stage_began(self) -> None:
        """Let the clock run."""
        self._since = time.monotonic()

    def stage_ended(self) -> float:
        """Stop the clock and return the seconds that the stage took."""
        seconds = 0.0 if self._since is None else time.monotonic() - self._since
        self._since = None
        self.spending.seconds += seconds
        return seconds

    def hear(self, trial: Trial) -> None:
        """Count a judgement."""
        self.spending.add(trial)

    def check(self) -> None:
        """Go on where nothing is used up.

        Raises:
            BudgetSpent: Something is.
        """
        if not self.config.limited:
            return
        running = 0.0 if self._since is None else time.monotonic() - self._since
        tokens = 0 if self.config.tokens is None else self.question_tokens()
        spent = replace(
            self.spending, seconds=self.spending.seconds + running, question_tokens=tokens
        ).used_up(self.config)
        if spent is not None:
            raise BudgetSpent(*spent)
