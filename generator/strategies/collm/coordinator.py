"""CoLLM-NAS: two models search together, and a coordinator between them judges what they say.

CoLLM-NAS, "Collaborative Large Language Models for Efficient Knowledge-Guided Neural Architecture Search": a
navigator that remembers makes a strategy from a target accuracy and constraints; a generator that remembers
nothing writes candidates of it; the coordinator checks that they are legal, removes those that were visited,
has the others evaluated and tells the navigator, which answers with the next strategy.

Ours, where the paper's abstract is silent: ten candidates a strategy; the document of a strategy (prose, and
operations to prefer, to avoid and to explore); what cannot be used costs an attempt, so that a model's waste
is in its curve: an illegal candidate at once, one that was known already, or is missing, after the batch was
filled up so many times. Where a model's answer cannot be used at all, the rule stands in and is marked.

This module does *not* train or judge anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from corpus.records.search.proposals import Decision, Proposal
from corpus.records.search.trials import Trial
from generator.spaces.contract import Space
from generator.spaces.operations import Composable, Operational
from generator.spaces.proposing import proposed
from generator.strategies.catalogue import StrategyError
from generator.strategies.collm.direction import Direction
from generator.strategies.collm.memory import Memory, Round, Tried
from generator.strategies.collm.roles import WRITTEN, Draft, OneRole, Roles, TwoRoles
from generator.strategies.collm.settings import Settings as Settings
from generator.strategies.contract import Bench, Conversation, Strategy

QUOTED_CHARACTERS = 200
"""Of a text that is no encoding only this much stands in the candidate's idea."""


class Attempt(NamedTuple):
    """One attempt of a batch: what is proposed, and the point, None where nothing legal and new came."""

    proposal: Proposal
    point: Any | None


class CoLLM(Strategy):
    """Searches a space by the strategies of a model, and the candidates of another."""

    name = "collm"

    def __init__(self, settings: Settings, space: Operational[Any]) -> None:
        """Search `space`."""
        self._settings, self._space = settings, space

    def search(self, bench: Bench) -> Conversation:
        """Ask for a strategy, propose its candidates, and tell what became of them: round by round."""
        memory = Memory()
        kind = TwoRoles if self._settings.roles == "two" else OneRole
        roles = kind(bench, self._space, self._settings, memory)
        while True:
            direction = roles.direct()
            attempts = self._batch(roles, direction, memory.visited)
            trials = yield [attempt.proposal for attempt in attempts]
            memory.rounds.append(self._round(direction, attempts, trials))

    def _batch(self, roles: Roles, direction: Direction, visited: set[str]) -> list[Attempt]:
        """Return a whole batch; the keys of its points are visited from now on."""
        size, attempts = self._settings.batch, list[Attempt]()
        removed: list[Draft] = []
        for _ in range(1 + self._settings.regenerations):
            if len(attempts) == size:
                break
            missing = size - len(attempts)
            for draft in roles.write(direction, missing)[:missing]:
                attempt = self._attempt(draft, direction, visited)
                if attempt is None:
                    removed.append(draft)
                else:
                    attempts.append(attempt)
        for _ in range(size - len(attempts)):
            attempts.append(_known(removed.pop(0), direction) if removed else _missing(direction))
        return attempts

    def _attempt(self, draft: Draft, direction: Direction, visited: set[str]) -> Attempt | None:
        """Return the attempt that a draft comes to, None where its point was visited."""
        space, point = self._space, self._space.decode(draft.text)
        if point is None:
            said = json.dumps(draft.text[:QUOTED_CHARACTERS])
            return Attempt(
                _nothing("illegal", direction.idea(f"no encoding: {said}"), draft, direction), None
            )
        if space.key(point) in visited:
            return None
        visited.add(space.key(point))
        proposal = proposed(
            space,
            point,
            operator="generate",
            decisions=_decisions(direction, draft),
            call=draft.call,
            idea=direction.idea(space.encode(point)),
        )
        return Attempt(proposal, point)

    def _round(self, direction: Direction, attempts: Sequence[Attempt], trials: Sequence[Trial]) -> Round:
        tried = tuple(
            Tried(self._space.encode(point), self._space.operations(point), trial.accuracy)
            for (_, point), trial in zip(attempts, trials, strict=True)
            if point is not None
        )
        return Round(direction, tried, len(attempts) - len(tried))


def _known(draft: Draft, direction: Direction) -> Attempt:
    idea = direction.idea(f"known already: {draft.text[:QUOTED_CHARACTERS]}")
    return Attempt(_nothing("repeat", idea, draft, direction), None)


def _missing(direction: Direction) -> Attempt:
    draft = Draft("", WRITTEN, None)
    return Attempt(
        _nothing("omit", direction.idea("fewer candidates than asked for"), draft, direction), None
    )


def _nothing(operator: str, idea: str, draft: Draft, direction: Direction) -> Proposal:
    """Return the charge for an answer without a candidate."""
    decisions = _decisions(direction, draft)
    return Proposal(program=None, operator=operator, idea=idea, call=draft.call, decisions=decisions)


def _decisions(direction: Direction, draft: Draft) -> tuple[Decision, ...]:
    return Decision(what="strategy", by=direction.by), *draft.decisions


def build(settings: Settings, space: Space[Any] | None) -> CoLLM:
    """Return the strategy over `space`.

    Raises:
        StrategyError: The space does not name the operations of its points, or cannot be searched by choices.
    """
    if not isinstance(space, Operational):
        raise StrategyError(
            f"strategy 'collm' steers by the names of operations, and the space '{space and space.name}' has "
            "none: choose another strategy.space"
        )
    if settings.generator == "choose" and not isinstance(space, Composable):
        raise StrategyError(
            f"points of the space '{space.name}' cannot be made choice by choice: set "
            "strategy.settings.generator to 'json' or 'rule'"
        )
    return CoLLM(settings, space)
