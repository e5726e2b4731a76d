"""What came on the way to a child, and the child, as it is handed in. This module does *not* make one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from corpus.records.search.ideas import Idea
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from generator.ideas.told import Told
from generator.spaces.proposing import proposed
from generator.spaces.trees import TreeSpace
from generator.strategies.fairnad.population import Member
from generator.strategies.fairnad.structure import Meant
from generator.trees.nodes import Tree


@dataclass
class Attempt:
    """One way of carrying something out.

    Attributes:
        failed: Names of failures on the way to the child, those of earlier attempts included.
        by: Who carried it out: `codemod`, `model`, `edit`; None where nobody could.
        debug: How often the model was shown its mistake.
        downscale: How often the network was made smaller.
        opinion: What the model said to the structure check, None where it was not asked.
        decisions: What was decided, and by whom.
        call: The recorded call that it comes from.
    """

    failed: list[str]
    by: str | None = None
    debug: int = 0
    downscale: int = 0
    opinion: str | None = None
    decisions: list[Decision] = field(default_factory=list)
    call: str | None = None

    def decided(self, what: str, by: DecidedBy) -> None:
        """Note a decision."""
        self.decisions.append(Decision(what=what, by=by))

    def notes(self) -> dict[str, str]:
        """Return it as the notes of `Told`."""
        said = {
            "by": self.by,
            "debug": str(self.debug) if self.debug else None,
            "downscale": str(self.downscale) if self.downscale else None,
            "failed": ", ".join(self.failed) or None,
            "opinion": self.opinion,
        }
        return {name: value for name, value in said.items() if value is not None}


class Aim(NamedTuple):
    """What a child is to be.

    Attributes:
        mutation: How that was chosen: `fair`, `similar`, `opposite`, `scale-up`, `tune`.
        parent: Who is changed.
        meant: What the child's graph must show.
        idea: The idea, None where an edit is made instead.
        edit: The edit's name, empty where there is an idea.
    """

    mutation: str
    parent: Member
    meant: Meant
    idea: Idea | None = None
    edit: str = ""

    @property
    def statement(self) -> str:
        """What is to be done, in words."""
        return self.edit if self.idea is None else self.idea.statement


class Child(NamedTuple):
    """What was aimed at, and what came of it.

    Attributes:
        aim: What it was to be.
        attempt: What came on the way.
        tree: The network, None where none passed.
        probe: What the sandbox said of it, None likewise.
    """

    aim: Aim
    attempt: Attempt
    tree: Tree | None = None
    probe: Probe | None = None

    def told(self) -> Told:
        """Return it in the words that stand beside the candidate."""
        idea = self.aim.idea
        path, name = (None, self.aim.edit) if idea is None else (idea.path, idea.id)
        return Told(self.aim.mutation, path, name, self.attempt.notes())

    def proposal(self, space: TreeSpace) -> Proposal:
        """Return it as it is handed in; one that could not be made is charged."""
        parents, idea = (self.aim.parent.id,), self.told().text()
        decisions = tuple(self.attempt.decisions)
        if self.tree is None:
            return Proposal(
                program=None, operator=self.aim.mutation, parents=parents, idea=idea, decisions=decisions
            )
        return proposed(
            space,
            self.tree,
            operator=self.aim.mutation,
            parents=parents,
            idea=idea,
            decisions=decisions,
            call=self.attempt.call,
        )
