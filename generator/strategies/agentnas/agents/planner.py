"""The Planner: a model whose chat grows; it explores, proposes, hears of results, sums up, and stops.

What cannot be used is asked for again, with what is missing; where that does not help there is no action, and
whoever asked goes by rules. This module does *not* carry actions out.
"""

from __future__ import annotations

from collections.abc import Callable

from generator.strategies.agentnas.agents.asking import Asking, Chat
from generator.strategies.agentnas.agents.tags import MAX_WORDS, Action, Malformed, action, inside

ROLE = "planner"

Refusal = Callable[[Action], str | None]
"""Says why an action is not possible now, None where it is."""


class Planner:
    """One Planner.

    Args:
        asking: Who is asked.
        system: The head of its chat.
        retries: How often it is asked again for what could not be used.
        remembered: Own turns that it sees.
    """

    def __init__(self, asking: Asking, system: str, retries: int, remembered: int) -> None:
        self._asking, self._retries = asking, retries
        self._chat = Chat(system, remembered)
        self.summaries: list[str] = []

    def hear(self, words: str) -> None:
        """Be told what came of an action."""
        self._chat.tell(words)

    def act(self, refused: Refusal) -> Action | None:
        """Return the next action, None where no usable answer came."""
        self._chat.tell("Choose ONE action: <EXPLORE>, <EXPERIMENT> or <STOP>.")
        for attempt in range(self._retries + 1):
            said = self._asking.text(ROLE, self._chat, again=attempt > 0)
            if said is None:
                return None
            try:
                found = action(said.text)
            except Malformed as error:
                problem: str | None = str(error)
            else:
                problem = refused(found)
                if problem is None:
                    return found
            self._chat.tell(f"That cannot be carried out: {problem}. Choose again.")
        return None

    def sum_up(self) -> None:
        """Ask for what was learnt of the last results, and keep it; one retry, then it is left out."""
        self._chat.tell("Write <SUMMARY>: what worked, what failed, surprises, next direction.")
        for again in (False, True):
            said = self._asking.text(ROLE, self._chat, again=again)
            if said is None:
                return
            summary = inside(said.text, "SUMMARY")
            if summary:
                self.summaries.append(summary[:MAX_WORDS])
                return
            self._chat.tell("There is no <SUMMARY> in it. Write <SUMMARY> ... </SUMMARY>.")
