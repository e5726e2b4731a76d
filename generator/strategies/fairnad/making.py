"""From an idea or an edit to a child: carried out, made small enough, built, checked.

    idea -> codemod, or the model's line -> budget: built, made smaller <= 4 times -> structure -> child
              ^ typed mistake, <= 2 times more --------------------------------------+

Each child is a conversation with the sandbox: it says programs and hears probes, so that the children of a
batch are built side by side. An idea that no way carries out is given up for another, a few times; then the
attempt has no program. Debugging twice and downscaling four times is from notes on the full paper; that there
is a codemod beside the model, and that ideas are drawn anew, is ours. This module does *not* choose ideas.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.ideas import Idea
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import DecidedBy
from generator.spaces.trees import TreeSpace
from generator.strategies.contract import Bench
from generator.strategies.fairnad.asking import Asker
from generator.strategies.fairnad.attempts import Aim, Attempt, Child
from generator.strategies.fairnad.budget import Budget, Way, repeats, smaller
from generator.strategies.fairnad.carrying import edited, outcomes
from generator.strategies.fairnad.population import Member, Population
from generator.strategies.fairnad.prompts import Scene, choice_chat, writing_chat
from generator.strategies.fairnad.reading import Mistake, read
from generator.strategies.fairnad.refining import Experience
from generator.strategies.fairnad.settings import Settings
from generator.strategies.fairnad.structure import Meant, Structures, anything, deeper, larger, meant_by
from generator.trees.nodes import Tree

PARENTS = 8
"""Parents that are drawn at most to find one that an idea's codemod has a place in; our choice."""

MEANT: Mapping[str, Meant] = {"widen": larger, "repeat": deeper, "change": anything}
"""What edits are to show, by their names."""

_REMEMBERED = 4096

Making = Generator[str, Probe, Child]
"""The making of a child: it says the program that is to be built, and hears what the sandbox says."""


class Passed(NamedTuple):
    """A network that is small enough and was checked."""

    tree: Tree
    probe: Probe


class Picked(NamedTuple):
    """An idea, and how it was chosen."""

    mutation: str
    idea: Idea
    by: DecidedBy


class Maker:
    """Makes children.

    Args:
        bench: Where networks are built.
        space: The space, with the run's cap.
        settings: The settings.
        population: Who may be changed.
        experience: What became of ideas so far.
        asker: The model.
        rng: All that is drawn.

    Attributes:
        budget: The caps that children keep.
    """

    def __init__(
        self,
        bench: Bench,
        space: TreeSpace,
        settings: Settings,
        population: Population,
        experience: Experience,
        asker: Asker,
        rng: random.Random,
    ) -> None:
        self._request, self._settings, self._population = bench.request, settings, population
        self._experience, self._asker, self._rng = experience, asker, rng
        cap = bench.request.max_parameters
        self.budget = Budget(min(cap, settings.max_parameters or cap), settings.max_flops)
        loose = int(cap * settings.oversize)
        self._space = TreeSpace(space.shape, max_parameters=loose, library=space.library)
        self._key = lru_cache(_REMEMBERED)(self._space.key)
        self._language = space.describe()
        self._structures = Structures(settings.layers, self._space.ground)
        self._tried = set[str]()

    def know(self, tree: Tree, probe: Probe) -> None:
        """Take in a network that is not to be made again."""
        self._tried.add(self._key(tree))
        self._structures.know(probe)

    def by_idea(self, pick: Callable[[Sequence[str]], Picked]) -> Making:
        """Make a child of an idea.

        Args:
            pick: Returns the next idea, given the ids of those that were given up.
        """
        failed, given_up, left = list[str](), list[str](), self._settings.redraws
        while True:
            picked = pick(given_up)
            child = yield from self._carried(picked, failed)
            somebody = child.attempt.by is not None
            if child.tree is not None or (somebody and not left):
                return child
            given_up.append(picked.idea.id)
            left -= somebody

    def by_edit(self) -> Making:
        """Make a child that goes by no idea: a small parent scaled up, another one tuned."""
        failed, left = list[str](), self._settings.redraws
        while True:
            attempt = Attempt(failed, by="edit")
            parent = self._population.parent(self._rng)
            up = self._population.scales_up(parent, self._rng)
            edit = self._rng.choice(("widen", "repeat")) if up else "change"
            attempt.decided("parent", self._population.chosen_by)
            attempt.decided("mutation", self._population.chosen_by)
            attempt.decided("edit", DecidedBy.CHANCE)
            aim = Aim("scale-up" if up else "tune", parent, MEANT[edit], edit=edit)
            tree = edited(parent.tree, edit, self._space, self._fresh, self._rng)
            made = (
                Mistake("nowhere", "no such edit")
                if tree is None
                else (yield from self.fitted(aim, tree, attempt))
            )
            if isinstance(made, Passed):
                return Child(aim, attempt, *made)
            failed.append(made.name)
            if not left:
                return Child(aim, attempt)
            left -= 1

    def fitted(self, aim: Aim, tree: Tree, attempt: Attempt) -> Generator[str, Probe, Passed | Mistake]:
        """Build a draft, make it smaller while it needs more than the budget, and check it.

        Args:
            aim: What it is to be.
            tree: The draft, legal on the looser ground.
            attempt: Where it is noted how often it was made smaller.
        """
        attempt.downscale = 0
        while True:
            if not self._fresh(tree):
                return Mistake("structure", "this network was tried already")
            probe, share = None, self.budget.share(self._space.parameters(tree), None)
            if share <= 1:
                self._tried.add(self._key(tree))
                probe = yield self._space.render(tree)
                share = self.budget.needed(probe)
                if share <= 1:
                    return self._checked(aim, tree, probe, attempt)
            less = None
            if attempt.downscale < self._settings.downscale:
                less = smaller(tree, share, self._space.ground, self._way(aim, tree))
            if less is None:
                return Mistake("budget", f"it needs {share:.2f} times the budget, and stays too large")
            tree, attempt.downscale = less, attempt.downscale + 1

    def _carried(self, picked: Picked, failed: list[str]) -> Making:
        """Carry out one idea, in one way or the other."""
        ways = [self._by_codemod] if picked.idea.codemod is not None else []
        if not ways or self._settings.carry == "model":
            ways.insert(0, self._by_model)
        for way in ways:
            attempt = Attempt(failed)
            attempt.decided("idea", picked.by)
            attempt.decided("parent", self._population.chosen_by)
            child = yield from way(picked, attempt)
            if child.tree is not None:
                break
        return child

    def _by_codemod(self, picked: Picked, attempt: Attempt) -> Making:
        """Carry it out by its codemod, on the first parent drawn in which it has a place."""
        idea, codemod, rng = picked.idea, picked.idea.codemod, self._rng
        assert codemod is not None
        attempt.by = "codemod"
        for parent in self._parents():
            found = outcomes(codemod, parent.tree, self._space, self._fresh, rng, self._settings.offered)
            if found:
                break
        aim = Aim(picked.mutation, parent, meant_by(codemod), idea)
        if not found:
            attempt.failed.append("nowhere")
            return Child(aim, attempt)
        chat = choice_chat(self._scene(aim), "Where in the network?", list(found))
        chosen = self._asker.choice("place", chat, list(found))
        attempt.decided("place", chosen.by)
        attempt.call = chosen.call
        made = yield from self.fitted(aim, found[chosen.option], attempt)
        if isinstance(made, Passed):
            return Child(aim, attempt, *made)
        attempt.failed.append(made.name)
        self._experience.attempted(idea.id, parent.id, f"failed, {made.text}")
        return Child(aim, attempt)

    def _by_model(self, picked: Picked, attempt: Attempt) -> Making:
        """Let the model write the network, and mend what it wrote; without a model nothing comes of it."""
        idea, parent = picked.idea, self._population.parent(self._rng)
        aim = Aim(picked.mutation, parent, meant_by(idea.codemod), idea)
        wrong: tuple[str, str] | None = None
        for tries in range(self._settings.debug + 1):
            feedback = self._experience.feedback(idea.id, parent.id)
            chat = writing_chat(self._scene(aim), self._language, feedback, wrong)
            said = self._asker.text("debug" if wrong else "write", chat)
            if said is None:
                break
            attempt.by, attempt.call, attempt.debug = "model", said.call, tries
            read_as = read(said.text, self._space.ground)
            made = (
                read_as if isinstance(read_as, Mistake) else (yield from self.fitted(aim, read_as, attempt))
            )
            if isinstance(made, Passed):
                attempt.decided("program", DecidedBy.MODEL)
                return Child(aim, attempt, *made)
            attempt.failed.append(made.name)
            wrong = said.text, f"{made.name}: {made.text}"
            self._experience.attempted(idea.id, parent.id, f"failed, {wrong[1]}")
            if made.name == "budget":
                break
        return Child(aim, attempt)

    def _checked(self, aim: Aim, tree: Tree, probe: Probe, attempt: Attempt) -> Passed | Mistake:
        """Return a network that was built, if it is what was aimed at."""
        if probe.failure is not None:
            name = "shape" if probe.failure is EvaluationStatus.SHAPE_ERROR else "broken"
            return Mistake(name, " ".join(f"{probe.failure}: {probe.error or ''}".split()))
        downscaled = attempt.downscale > 0
        flaw = self._structures.flaw(tree, aim.parent.probe, probe, aim.meant, downscaled=downscaled)
        if self._settings.second_opinion and aim.idea is not None:
            carries = self._carries(aim, tree)
            if carries is not None:
                attempt.opinion = "same" if carries is (flaw is None) else "wrong-verdict"
        return Passed(tree, probe) if flaw is None else Mistake("structure", flaw)

    def _carries(self, aim: Aim, tree: Tree) -> bool | None:
        """Return whether a model finds that a network carries the idea, None where none says."""
        question = f"Is the idea carried out in this network? {self._space.encode(tree)[:1_000]}"
        options = ("yes", "no")
        chosen = self._asker.choice("opinion", choice_chat(self._scene(aim), question, options), options)
        return chosen.option == "yes" if chosen.by is DecidedBy.MODEL else None

    def _way(self, aim: Aim, tree: Tree) -> Way:
        """Return how a network is made smaller: narrower, unless a model would rather have it shallower."""
        options: tuple[Way, ...] = ("narrower", "shallower") if repeats(tree) else ("narrower",)
        chat = choice_chat(self._scene(aim), "It is too large now. How is it made smaller?", options)
        chosen = self._asker.choice("downscale", chat, options, rule="narrower")
        return "shallower" if chosen.option == "shallower" else "narrower"

    def _parents(self) -> Iterator[Member]:
        """Yield a few different parents."""
        seen = set[str]()
        for _ in range(PARENTS):
            parent = self._population.parent(self._rng)
            if parent.id not in seen:
                seen.add(parent.id)
                yield parent

    def _scene(self, aim: Aim) -> Scene:
        parent = aim.parent
        return Scene(self._request, self._space.encode(parent.tree), parent.trial.accuracy, aim.statement)

    def _fresh(self, tree: Tree) -> bool:
        return self._key(tree) not in self._tried


def together(bench: Bench, makings: Sequence[Making]) -> list[Child]:
    """Return the children, made side by side: what all of them want built next is built in one visit."""
    children: dict[int, Child] = {}
    wanted: dict[int, str] = {}

    def go_on(place: int, probe: Probe | None) -> None:
        wanted.pop(place, None)
        try:
            wanted[place] = next(makings[place]) if probe is None else makings[place].send(probe)
        except StopIteration as finished:
            children[place] = finished.value

    for place in range(len(makings)):
        go_on(place, None)
    while wanted:
        places = sorted(wanted)
        probes = bench.probe("budget", [wanted[place] for place in places])
        for place, probe in zip(places, probes, strict=True):
            go_on(place, probe)
    return [children[place] for place in range(len(makings))]
