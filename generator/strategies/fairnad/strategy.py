"""FairNAD: ideas drawn fairly from a template, networks moved towards the Pareto front, in rounds.

"Structuring Open-Ended NAS: Semi-Automated Design Knowledge Structuring with LLMs for Efficient Neural
Architecture Search" (arXiv 2605.19247): ideas that a language model is asked for are heavily biased to a few
kinds; a template of what there is to say of networks, and drawing fairly over it, covers them all.

    a round:  8 carry out an idea drawn fairly, 8 are small parents scaled up or others tuned   -> judged
              2 carry out an idea similar to one that gained most                               -> judged
              2 carry out an idea opposite to one that gained most                              -> judged

8 : 8 : 4 is from notes on the full paper, and that the last four come in two steps, similar and opposite
ones; that they come behind the others of their round, and hear of these and of each other, is our reading.
Where nothing was heard of any idea yet, and where a category has no other, they are drawn fairly.

What is the paper's, what notes on it say and what is ours stands in each of these modules, and in
docs/fairnad.md. This module does *not* carry ideas out: `making` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from corpus.records.search.ideas import Idea
from corpus.records.search.proposals import DecidedBy, Decision
from corpus.records.search.trials import Trial
from generator.ideas.pool import IdeaPool
from generator.ideas.sampling import draw
from generator.spaces.contract import Space
from generator.spaces.proposing import proposed
from generator.spaces.trees import TreeSpace
from generator.strategies.catalogue import StrategyError
from generator.strategies.contract import Bench, Conversation, Strategy
from generator.strategies.fairnad.asking import Asker
from generator.strategies.fairnad.attempts import Child
from generator.strategies.fairnad.making import Maker, Picked, together
from generator.strategies.fairnad.population import Member, Population
from generator.strategies.fairnad.prompts import idea_chat
from generator.strategies.fairnad.refining import Experience, opposite, similar
from generator.strategies.fairnad.settings import Settings as Settings
from generator.strategies.starting import starting_points

_START = (Decision(what="start", by=DecidedBy.RULE),)

Pick = Callable[[Sequence[str]], Picked]


class FairNAD(Strategy):
    """Searches the space of trees by design ideas."""

    name = "fairnad"

    def __init__(self, settings: Settings, space: TreeSpace) -> None:
        """Search `space`."""
        self._settings, self._space = settings, space
        self._starts = starting_points(space, settings.start)

    def search(self, bench: Bench) -> Conversation:
        """Judge the trees to start from, then go through rounds for ever.

        Raises:
            StrategyError: The run has no design ideas, or none that anybody can carry out.
        """
        if bench.ideas is None or not bench.ideas.ideas:
            raise StrategyError("strategy 'fairnad' goes by design ideas, and this run has none: name a pool")
        search, settings = _Search(bench, bench.ideas, self._space, self._settings), self._settings
        starts = [proposed(self._space, each, operator="start", decisions=_START) for each in self._starts]
        probes = bench.probe("budget", [str(each.program) for each in starts])
        trials = yield starts
        search.begin([Member(*each) for each in zip(self._starts, trials, probes, strict=True)])
        opposites = settings.iterative // 2
        steps = (
            [(search.fair, settings.fair), (None, settings.pareto)],
            [(search.similar, settings.iterative - opposites)],
            [(search.opposite, opposites)],
        )
        while True:
            for step in steps:
                picks = [pick for pick, count in step for _ in range(count)]
                if picks:
                    children = search.children(picks)
                    trials = yield [child.proposal(self._space) for child in children]
                    search.hear(children, trials)


class _Search:
    """One search: who was judged, and what ideas were worth."""

    def __init__(self, bench: Bench, pool: IdeaPool, space: TreeSpace, settings: Settings) -> None:
        self._bench, self._pool, self._settings = bench, pool, settings
        self._rng = bench.rng("fairnad")
        self._population, self._experience = Population(settings), Experience()
        self._asker = Asker(bench, self._rng)
        self._maker = Maker(
            bench, space, settings, self._population, self._experience, self._asker, self._rng
        )
        self._by_rule: IdeaPool | None = None

    def begin(self, starts: Sequence[Member]) -> None:
        """Take in what became of the trees to start from."""
        self._population.add(starts)
        for each in starts:
            self._maker.know(each.tree, each.probe)

    def children(self, picks: Sequence[Pick | None]) -> list[Child]:
        """Return children, each of an idea that is picked so; None for one of an edit."""
        return together(
            self._bench,
            [self._maker.by_edit() if pick is None else self._maker.by_idea(pick) for pick in picks],
        )

    def hear(self, children: Sequence[Child], trials: Sequence[Trial]) -> None:
        """Take in what became of children."""
        members = []
        for child, trial in zip(children, trials, strict=True):
            if child.tree is None or child.probe is None:
                continue
            members.append(Member(child.tree, trial, child.probe))
            gain = members[-1].accuracy - child.aim.parent.accuracy
            if child.aim.idea is not None:
                self._experience.gained(child.aim.idea.id, gain)
            what = child.aim.edit if child.aim.idea is None else child.aim.idea.id
            valid = f"accuracy {gain:+.3f}" if trial.evaluation.valid else f"{trial.evaluation.status}"
            share = self._maker.budget.needed(child.probe)
            self._experience.attempted(what, child.aim.parent.id, f"{valid}, {share:.0%} of the budget")
        self._population.add(members)

    def fair(self, given_up: Sequence[str]) -> Picked:
        """Return an idea drawn from the template; for one that was given up, another of its category.

        So what is easily carried out is not drawn more often for that, while its category has others.
        """
        pool, sampling = self._ideas(), self._settings.sampling
        left = [each for each in pool.ideas.values() if each.id not in given_up]
        last = self._pool.ideas.get(given_up[-1]) if given_up and sampling == "fair" else None
        near = [each for each in left if last is not None and each.category == last.category]
        among = pool.where(near or left) if given_up and left else pool
        return Picked("fair", draw(among, self._rng, sampling), DecidedBy.CHANCE)

    def similar(self, given_up: Sequence[str]) -> Picked:
        """Return an idea that is similar to one that helped."""
        return self._like(
            "similar", given_up, lambda pool, idea, count: similar(pool, idea, self._rng, count)
        )

    def opposite(self, given_up: Sequence[str]) -> Picked:
        """Return an idea that is the contrary of one that helped."""
        return self._like("opposite", given_up, opposite)

    def _like(
        self, wanted: str, given_up: Sequence[str], found: Callable[[IdeaPool, Idea, int], list[Idea]]
    ) -> Picked:
        pool = self._ideas()
        best = self._experience.best(self._settings.top_ideas)
        if not best:
            return self.fair(given_up)
        model = self._pool.ideas[self._rng.choice(best)]
        rest = pool.where(each for each in pool.ideas.values() if each.id not in given_up)
        options = found(rest, model, self._settings.offered)
        if not options:
            return self.fair(given_up)
        names = [each.id for each in options]
        chat = idea_chat(self._bench.request, model, wanted, options)
        chosen = self._asker.choice("idea", chat, names, rule=names[0])
        return Picked(wanted, pool.ideas[chosen.option], chosen.by)

    def _ideas(self) -> IdeaPool:
        """Return the ideas that somebody can carry out: without a model, those with a codemod."""
        if not self._asker.nobody:
            return self._pool
        if self._by_rule is None:
            pool = self._pool
            self._by_rule = pool.where(each for each in pool.ideas.values() if each.codemod is not None)
            if not self._by_rule.ideas:
                raise StrategyError(
                    "strategy 'fairnad': no model answers and none of the ideas has a codemod: nobody can "
                    "carry one out. Name a pool with codemods, or a model"
                )
        return self._by_rule


def build(settings: Settings, space: Space[Any] | None) -> FairNAD:
    """Return the strategy over `space`.

    Raises:
        StrategyError: It is not the space of trees, or a network to start from is not its.
    """
    if not isinstance(space, TreeSpace):
        raise StrategyError(
            f"strategy 'fairnad' carries out ideas on trees of modules, and the points of the space "
            f"'{space and space.name}' are none: set strategy.space to 'trees'"
        )
    return FairNAD(settings, space)
