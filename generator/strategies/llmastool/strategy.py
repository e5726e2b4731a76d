"""LLMasTool: a planner says which kind of edit comes next, a model what exactly, and no edit can break.

"LLM as a Tool, Not an Agent: Code-Mined Tree Transformations for Neural Architecture Search" (arXiv
2604.16555): networks are trees of modules, evolved by transformations instead of written; coarse planning is
guided by diversity and by Bayesian beliefs, and a model resolves the remaining degrees of freedom.

    parents (parents) -> operation, prompt category (planner) -> location, module, arguments (filling)
        -> built in the sandbox, and its graph compared -> judged -> better than its parent? (planner)

What is the paper's, what notes on it say and what is ours stands in each of these modules, and in
docs/llmastool.md. This module does *not* know what a tree is: the space does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from corpus.objectives import named_objectives
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from generator.spaces.contract import Space
from generator.spaces.proposing import proposed
from generator.strategies.catalogue import StrategyError
from generator.strategies.contract import Bench, Conversation, Strategy
from generator.strategies.llmastool.editing import Editable
from generator.strategies.llmastool.filling import Filler
from generator.strategies.llmastool.gate import Child, Gate, Verdict
from generator.strategies.llmastool.idea import Idea
from generator.strategies.llmastool.parents import Member, Parents, better
from generator.strategies.llmastool.planner import Plan, Planner, again
from generator.strategies.llmastool.prompts import Scene
from generator.strategies.llmastool.settings import Settings as Settings
from generator.strategies.starting import starting_points
from generator.trees.edits.gate import verdict as tree_verdict

_START = (Decision(what="start", by=DecidedBy.RULE),)
_PARENT = Decision(what="parent", by=DecidedBy.RULE)


class LLMasTool(Strategy):
    """Evolves the trees of a space."""

    name = "llmastool"

    def __init__(self, settings: Settings, space: Editable[Any], verdict: Verdict = tree_verdict) -> None:
        """Search `space`, whose edits pass the gate by `verdict`."""
        self._settings, self._space, self._verdict = settings, space, verdict
        self._starts = starting_points(space, settings.start)

    def search(self, bench: Bench) -> Conversation:
        """Judge the trees to start from, then edit the best so far for ever."""
        search = _Search(bench, self._space, self._settings, self._verdict)
        starts = [proposed(self._space, each, operator="start", decisions=_START) for each in self._starts]
        probes = search.built(starts)
        trials = yield starts
        search.begin(list(zip(self._starts, trials, probes, strict=True)))
        while True:
            children = search.children()
            trials = yield [search.proposal(child) for child in children]
            search.hear(children, trials)


class _Search:
    """One search: what was tried, what is believed, whose turn it is."""

    def __init__(self, bench: Bench, space: Editable[Any], settings: Settings, verdict: Verdict) -> None:
        self._space, self._settings = space, settings
        self._rng = bench.rng("llmastool")
        self._planner, self._gate = Planner(settings), Gate(bench, verdict, settings)
        self._objectives, self._caps = named_objectives(settings.objective), settings.caps
        self._parents = Parents(
            settings.top, niches=settings.niches, objectives=self._objectives, caps=self._caps
        )
        self._tried = set[str]()
        self._filler = Filler(bench, settings.offered, self._fresh, self._rng)
        self._again: deque[tuple[Member, Plan]] = deque()

    def built(self, starts: Sequence[Proposal]) -> list[Probe | None]:
        """Return what the sandbox says of the networks to start from."""
        return self._gate.starts([str(each.program) for each in starts])

    def begin(self, starts: Sequence[tuple[Any, Trial, Probe | None]]) -> None:
        """Take in what became of the trees to start from."""
        self._tried.update(self._space.key(point) for point, _, _ in starts)
        self._parents.add([self._member(*each) for each in starts])

    def children(self) -> list[Child]:
        """Return a batch whose networks passed the gate; who did not pass in all its tries has none."""
        children = [self._child() for _ in range(self._settings.batch)]
        for left in range(self._settings.redraws, -1, -1):
            children = self._gate.checked(children)
            failed = [place for place, child in enumerate(children) if child.refused is not None]
            if not failed:
                break
            for place in failed:
                children[place] = self._child() if left else children[place]._replace(filled=None)
        return children

    def proposal(self, child: Child) -> Proposal:
        """Return a child as it is handed in; one that could not be made is charged."""
        plan, filled = child.plan, child.filled
        told: dict[str, Any] = {
            "operator": plan.arm.operation,
            "parents": (child.parent.trial.candidate.id,),
            "idea": Idea(plan.arm, plan.repeated, filled.choices if filled else ()).text(),
        }
        decisions = (
            _PARENT,
            Decision(what="operation", by=plan.operation_by),
            Decision(what="category", by=plan.category_by),
            *(filled.decisions if filled else ()),
        )
        if filled is None:
            return Proposal(program=None, decisions=decisions, **told)
        return proposed(self._space, filled.point, decisions=decisions, call=filled.call, **told)

    def hear(self, children: Sequence[Child], trials: Sequence[Trial]) -> None:
        """Learn of each arm whether its child is better than the parent, and note what is to be repeated."""
        repeats = self._settings.repeat and self._settings.planner != "uniform"
        members = []
        for child, trial in zip(children, trials, strict=True):
            before = child.parent.trial.evaluation
            helped = better(trial.evaluation, before, self._objectives, self._caps)
            self._planner.posterior.learn(child.plan.arm, better=helped)
            if child.filled is None:
                continue
            members.append(self._member(child.filled.point, trial, child.probe))
            if helped and repeats:
                self._again.append((members[-1], again(child.plan.arm)))
        self._parents.add(members)

    def _member(self, point: Any, trial: Trial, probe: Probe | None) -> Member:
        return Member(point, trial, self._space.niche(point), probe)

    def _child(self) -> Child:
        """Plan a child and make it; plan anew where an operation leads nowhere."""
        for _ in range(self._settings.redraws + 1):
            parent, plan = self._planned()
            operation = self._space.edits[plan.arm.operation]
            scene = Scene(self._space.encode(parent.point), parent.trial.accuracy, operation.words)
            filled = self._filler.fill(parent.point, operation, plan.arm.category, scene)
            if filled is not None:
                self._tried.add(self._space.key(filled.point))
                return Child(parent, plan, filled, self._space.render(filled.point))
        return Child(parent, plan, None)

    def _planned(self) -> tuple[Member, Plan]:
        if self._again:
            return self._again.popleft()
        return self._parents.draw(self._rng), self._planner.plan(list(self._space.edits), self._rng)

    def _fresh(self, point: Any) -> bool:
        return self._space.key(point) not in self._tried


def build(settings: Settings, space: Space[Any] | None) -> LLMasTool:
    """Return the strategy over `space`.

    Raises:
        StrategyError: The points of the space cannot be edited choice by choice, or one to start from is not
            its.
    """
    if not isinstance(space, Editable):
        raise StrategyError(
            f"strategy 'llmastool' edits trees of modules, and the points of the space "
            f"'{space and space.name}' are none: set strategy.space to 'trees'"
        )
    return LLMasTool(settings, space.primitive() if settings.modules == "primitive" else space)
