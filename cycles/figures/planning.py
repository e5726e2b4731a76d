"""What a search by LLMasTool believed of its arms in the end, and what its model had to do with it.

All of it is read from the rows: each candidate's `idea` says its operation, its prompt category, and for each
choice how many options there were and which one a model named. Over several runs of one arm counts are added
up, and the prior counts once.

The model's share is the share of choices, of those with more than one option, that fell as a model decided.
Adherence is the share of the model's answers that the network then has: all of them where the search relies
on it, none where it turns away. This module does *not* say whether it did any good: the beliefs do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from corpus.records.base import Record
from corpus.records.search.proposals import DecidedBy
from corpus.records.search.trials import Trial
from cycles.config.run import RunConfig
from cycles.figures.records import Interval, Rate
from cycles.figures.statistics import wilson
from generator.strategies.llmastool.evidence import posterior_of
from generator.strategies.llmastool.idea import read_idea
from generator.strategies.llmastool.planner import Arm, Belief, Category, Posterior
from generator.strategies.llmastool.settings import Settings

_CHOSEN = ("location", "module", "arguments")


class ArmFigure(Record):
    """What is believed of one arm.

    Attributes:
        operation: The operation.
        category: The prompt category, None for the operation whatever its category.
        helped: Children that were better than their parents.
        trials: All its children, those that could not be made included.
        chance: The posterior mean of the chance to help, with its 95% credible interval.
    """

    operation: str
    category: Category | None
    helped: int
    trials: int
    chance: Interval


class Share(Record):
    """The model's part in the children of one prompt category.

    Attributes:
        category: The category.
        decided: Share of the choices of more than one option that fell as a model decided.
        followed: Share of the model's answers that the children then have.
    """

    category: Category
    decided: Rate
    followed: Rate


class Planning(NamedTuple):
    """The plans of one or several runs.

    Attributes:
        arms: Each operation that was tried, its categories that were behind it; operations in the order of
            their belief, best first.
        shares: The model's part, by category.
        decided: The same over all categories.
        repeats: Share of the children that repeated what had just helped.
    """

    arms: tuple[ArmFigure, ...]
    shares: tuple[Share, ...]
    decided: Rate
    repeats: Rate

    @property
    def sentence(self) -> str:
        """The model's part and the best arm in words."""
        best = self.arms[0]
        said = "{:.2f} [{:.2f}, {:.2f}]".format(*best.chance)
        adherence = "; ".join(
            f"{share.category} {share.followed.value:.0%} of {share.followed.total}"
            for share in self.shares
            if share.followed.total
        )
        model = (
            f"A model decided {self.decided.value:.0%} of the {self.decided.total} choices "
            f"of where, with what and how; its answers that networks then have: {adherence}."
            if adherence
            else f"No model decided any of the {self.decided.total} choices of where, with what and how."
        )
        return (
            f"Believed to help most: {best.operation}, a chance of {said}. {model} "
            f"{self.repeats.value:.0%} of the children repeated what had just helped."
        )


def planning(runs: Iterable[tuple[RunConfig, Sequence[Trial]]]) -> Planning | None:
    """Return the plans of runs of one arm, None where they were made by no planner of LLMasTool."""
    planned = [each for each in runs if each[0].strategy.name == "llmastool"]
    if not planned:
        return None
    settings = Settings.model_validate(planned[0][0].strategy.settings)
    posterior = Posterior(Belief(settings.prior_successes, settings.prior_failures))
    children: list[Trial] = []
    for config, trials in planned:
        found = posterior_of(trials, Settings.model_validate(config.strategy.settings))
        posterior.successes += found.successes
        posterior.failures += found.failures
        children += trials
    operations = {arm.operation for arm in (*posterior.successes, *posterior.failures)}
    if not operations:
        return None
    ranked = sorted(operations, key=lambda name: (-posterior.operation(name).mean, name))
    repeats = [idea.repeated for trial in children if (idea := read_idea(trial.candidate.idea or ""))]
    shares, decided = _shares(children)
    return Planning(
        tuple(figure for name in ranked for figure in _figures(posterior, name)),
        shares,
        decided,
        wilson(sum(repeats), len(repeats)),
    )


def _figures(posterior: Posterior, operation: str) -> list[ArmFigure]:
    arms = [Arm(operation, category) for category in Category]
    helped = [posterior.successes[arm] for arm in arms]
    trials = [posterior.successes[arm] + posterior.failures[arm] for arm in arms]
    whole = ArmFigure(
        operation=operation,
        category=None,
        helped=sum(helped),
        trials=sum(trials),
        chance=credible(posterior.operation(operation)),
    )
    return [
        whole,
        *(
            ArmFigure(
                operation=operation,
                category=arm.category,
                helped=good,
                trials=count,
                chance=credible(posterior.arm(arm)),
            )
            for arm, good, count in zip(arms, helped, trials, strict=True)
            if count
        ),
    ]


def credible(belief: Belief) -> Interval:
    """Return the mean of a Beta distribution with its central 95% interval."""
    from scipy.special import betaincinv

    low, high = (float(betaincinv(belief.successes, belief.failures, q)) for q in (0.025, 0.975))
    return Interval(belief.mean, low, high)


def _shares(children: Iterable[Trial]) -> tuple[tuple[Share, ...], Rate]:
    choices, decided = Counter[Category](), Counter[Category]()
    answers, followed = Counter[Category](), Counter[Category]()
    for candidate, _, _ in children:
        idea = read_idea(candidate.idea or "")
        if idea is None:
            continue
        category = idea.arm.category
        by = {each.what: each.by for each in candidate.decisions if each.what in _CHOSEN}
        for choice in (each for each in idea.choices if each.of > 1):
            choices[category] += 1
            decided[category] += by.get(choice.what) is DecidedBy.MODEL
            answers[category] += choice.said is not None
            followed[category] += choice.said == choice.taken
    shares = tuple(
        Share(
            category=each,
            decided=wilson(decided[each], choices[each]),
            followed=wilson(followed[each], answers[each]),
        )
        for each in Category
    )
    return shares, wilson(decided.total(), choices.total())
