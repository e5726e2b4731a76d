"""The mistakes that the command line and the configuration find, and the end of a budget, which is none.

Each is one line with the remedy.
"""

from __future__ import annotations

from corpus.records.mistakes import Mistake


class UsageError(Mistake):
    """Something the user gave cannot be used; the command changes nothing."""


class ConfigError(UsageError):
    """The configuration cannot be used."""


class Diverged(UsageError):
    """A search that runs again says other than what the ledger holds of it: its code or settings changed."""


BUDGET_SPENT = 4
"""The exit code of a run that its budget ended."""


class BudgetSpent(Exception):
    """A limit of a run's budget is reached. All that is judged is kept, and the run may go on with more.

    Attributes:
        key: The setting, such as `attempts`.
    """

    def __init__(self, key: str, said: str) -> None:
        super().__init__(f"budget.{key} is used up: {said}")
        self.key = key
