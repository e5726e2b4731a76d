#!/usr/bin/env python
"""Measure how many oversized networks FairNAD brings within the budget, with its loop and without.

    .venv/bin/python scripts/measure_budget.py --proposals 100

Parents are drawn from the space of trees and widened until they are near the cap. Each proposal is one of
them scaled up, by one to three edits (wider, deeper) or by an idea whose codemod says `+parameters`; only
proposals beyond the cap are kept, so without the loop none can pass. Every arm gets the same ones and may
make each smaller so many times. A proposal passes if it is within the cap and built in the sandbox, is
another network than its parent, shows what was meant and has layers enough.

    passed      share of all, with its 95% Wilson interval
    too large   beyond the cap to the end
    otherwise   refused for another reason: structure, or not built
    used        share of the cap in the end, median over those that passed

It does *not* train anything: whether a smaller network is a good one is not asked.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple, cast

from corpus.records.admissions import Admission, AdmissionReason
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.search.ideas import Idea
from corpus.records.search.probes import Probe
from corpus.records.search.trials import Trial
from cycles.figures.statistics import wilson
from cycles.run.ideas import named_ideas
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import task_spec
from generator.prompts.templates import ProgramRequest
from generator.spaces.trees import TreeSpace
from generator.strategies.contract import Bench
from generator.strategies.fairnad.asking import Asker
from generator.strategies.fairnad.attempts import Aim, Attempt, Child
from generator.strategies.fairnad.carrying import edited, outcomes
from generator.strategies.fairnad.making import MEANT, Maker, Making, Passed, together
from generator.strategies.fairnad.population import Member, Population
from generator.strategies.fairnad.refining import Experience
from generator.strategies.fairnad.settings import Settings
from generator.strategies.fairnad.structure import meant_by
from generator.trees.edits.contract import EditError
from generator.trees.nodes import Tree

NEAR = 0.85
"""Share of the cap from which on a network is near it."""

MOST_EDITS = 3
"""Edits that scale a proposal up, at most."""

BAR = 0.56
"""The pass rate of the paper with its verifier, by notes on it; without, 0.04."""


class Draft(NamedTuple):
    """An oversized proposal: what it is to be, and the network."""

    aim: Aim
    tree: Tree


class Sandboxed:
    """What of a bench the making of networks needs where there is no model."""

    def __init__(self, evaluator: SandboxedEvaluator, request: ProgramRequest) -> None:
        """Build in the sandbox of `evaluator`."""
        self.request, self._evaluator = request, evaluator

    def probe(self, role: str, sources: Sequence[str]) -> list[Probe]:  # noqa: ARG002 - there is one role
        """Return what programs build."""
        return self._evaluator.probe(sources)


def main() -> None:
    """Read the arguments; draw parents and proposals; let every arm make them smaller, and print."""
    arguments = _arguments()
    shape, cap = task_spec(arguments.task).shape, arguments.max_parameters
    space = TreeSpace(shape, max_parameters=cap)
    loose = TreeSpace(shape, max_parameters=int(cap * Settings().oversize))
    ideas = [
        idea
        for idea in named_ideas(arguments.ideas).ideas.values()
        if idea.codemod is not None and "+parameters" in idea.codemod.shows
    ]
    config = EvaluatorConfig(task=arguments.task, workers=arguments.workers, max_parameters=cap)
    request = ProgramRequest(shape=shape, max_parameters=cap, target_accuracy=0.5)
    with SandboxedEvaluator(config) as evaluator:
        bench = cast(Bench, Sandboxed(evaluator, request))
        parents = _built(
            bench, space, [_grown(space, seed) for seed in _seeds(arguments, "parent", arguments.parents)]
        )
        drafts = _oversized(random.Random(arguments.seed), parents, ideas, loose, arguments)
        needed = median((loose.parameters(draft.tree) or 0) / cap for draft in drafts)
        by_idea = sum(draft.aim.idea is not None for draft in drafts)
        print(
            f"{len(drafts)} proposals, {by_idea} by ideas and the others by edits; they need {needed:.2f} of "
            "the cap, median\n"
        )
        print("| times smaller | passed | too large | otherwise | used |\n|---|---|---|---|---|")
        for times in arguments.downscale:
            children = _within(bench, space, parents, drafts, times)
            rate = wilson(sum(child.tree is not None for child in children), len(children))
            failed = Counter(name for child in children for name in child.attempt.failed)
            used = [child.probe.parameters or 0 for child in children if child.probe is not None]
            print(
                f"| {times or 'no loop'} | {rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}] "
                f"| {failed['budget']} | {failed.total() - failed['budget']} "
                f"| {f'{median(used) / cap:.2f}' if used else '-'} |"
            )
        verb = "met" if rate.value >= BAR else "MISSED"
        print(f"\nwith the loop {rate.value:.2f} pass, the bar is {BAR:.2f}: {verb}")


def _grown(space: TreeSpace, seed: int) -> Tree:
    """Return a network near the cap: one that is drawn, and widened while it may be."""
    rng = random.Random(seed)
    while True:
        tree = space.sample(rng)
        try:
            while (space.parameters(tree) or 0) < NEAR * space.ground.max_parameters:
                tree, _ = space.mutate(tree, rng, "widen")
        except EditError:
            continue
        return tree


def _built(bench: Bench, space: TreeSpace, trees: Sequence[Tree]) -> list[Member]:
    """Return networks as members of a population, of those that the sandbox builds."""
    probes = bench.probe("budget", [space.render(tree) for tree in trees])
    members = []
    for number, (tree, probe) in enumerate(zip(trees, probes, strict=True)):
        candidate = Candidate.imported(
            f"parent/{number:04d}", space.render(tree), generator="drawn", index=number
        )
        evaluation = Evaluation(
            candidate_id=candidate.id, protocol_id="none", status=EvaluationStatus.COMPLETE, stage=Stage.DONE
        )
        admission = Admission(candidate_id=candidate.id, admitted=True, reason=AdmissionReason.ADMITTED)
        if probe.passed:
            members.append(Member(tree, Trial(candidate, evaluation, admission), probe))
    return members


def _oversized(
    rng: random.Random,
    parents: Sequence[Member],
    ideas: Sequence[Idea],
    loose: TreeSpace,
    arguments: argparse.Namespace,
) -> list[Draft]:
    """Return different proposals beyond the cap: half of them by ideas, if there are any."""
    drafts: dict[str, Draft] = {}
    while len(drafts) < arguments.proposals:
        parent = rng.choice(parents)
        idea = rng.choice(ideas) if ideas and rng.random() < 0.5 else None
        draft = _scaled(parent, loose, rng) if idea is None else _carried(idea, parent, loose, rng)
        if draft is not None and (loose.parameters(draft.tree) or 0) > arguments.max_parameters:
            drafts.setdefault(loose.key(draft.tree), draft)
    return list(drafts.values())


def _carried(idea: Idea, parent: Member, loose: TreeSpace, rng: random.Random) -> Draft | None:
    assert idea.codemod is not None
    found = list(outcomes(idea.codemod, parent.tree, loose, lambda _: True, rng, 1).values())
    return Draft(Aim("fair", parent, meant_by(idea.codemod), idea), found[0]) if found else None


def _scaled(parent: Member, loose: TreeSpace, rng: random.Random) -> Draft | None:
    tree: Tree | None = parent.tree
    for _ in range(rng.randint(1, MOST_EDITS)):
        edit = rng.choice(("widen", "repeat"))
        tree = None if tree is None else edited(tree, edit, loose, lambda _: True, rng)
    return None if tree is None else Draft(Aim("scale-up", parent, MEANT[edit], edit=edit), tree)


def _within(
    bench: Bench, space: TreeSpace, parents: Sequence[Member], drafts: Sequence[Draft], times: int
) -> list[Child]:
    """Return what becomes of proposals that are made smaller so many times at most."""
    settings, rng = Settings(downscale=times), random.Random(0)
    asker = Asker(bench, rng)
    asker.nobody = True
    maker = Maker(bench, space, settings, Population(settings), Experience(), asker, rng)
    for parent in parents:
        maker.know(parent.tree, parent.probe)

    def making(draft: Draft) -> Making:
        attempt = Attempt([])
        made = yield from maker.fitted(draft.aim, draft.tree, attempt)
        if isinstance(made, Passed):
            return Child(draft.aim, attempt, *made)
        attempt.failed.append(made.name)
        return Child(draft.aim, attempt)

    return together(bench, [making(draft) for draft in drafts])


def _seeds(arguments: argparse.Namespace, what: str, count: int) -> list[int]:
    return [derive_seed(arguments.seed, what, number) for number in range(count)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how many oversized networks fit in the end.")
    parser.add_argument("--parents", type=int, default=20, help="networks near the cap (20)")
    parser.add_argument("--proposals", type=int, default=100, help="oversized proposals (100)")
    parser.add_argument("--downscale", type=int, nargs="+", default=[0, 1, 2, 3, 4], help="arms (0 1 2 3 4)")
    parser.add_argument("--ideas", default="shipped", help="the pool: shipped, or a file (shipped)")
    parser.add_argument("--task", default="digits", help="what the networks are for (digits)")
    parser.add_argument("--max-parameters", type=int, default=30_000, help="the cap (30,000)")
    parser.add_argument("--workers", type=int, default=2, help="programs built at a time (2)")
    parser.add_argument("--seed", type=int, default=0, help="seed of parents and proposals (0)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
