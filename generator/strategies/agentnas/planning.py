"""Phase 1 with a model: the Planner decides, the Data Explorer looks, the Code Executor implements.

Every architecture that the Planner proposes costs one evaluation, also one that nobody could implement;
patience counts successful ones alone. Where the Planner says nothing that can be used, what is left of the
budget goes to the rules (`seeking`). This module does *not* judge.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from corpus.records.base import content_id
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from corpus.records.tasks.shape import TaskShape
from generator.strategies.agentnas.agents.asking import Asking
from generator.strategies.agentnas.agents.executor import Draft, Executor
from generator.strategies.agentnas.agents.explorer import explored
from generator.strategies.agentnas.agents.planner import Planner
from generator.strategies.agentnas.agents.tags import Action, Arch, Explore, Stop, mentioned
from generator.strategies.agentnas.agents.wording import LONGEST_REPORT, planner_system
from generator.strategies.agentnas.seeking import Patience
from generator.strategies.agentnas.settings import Settings
from generator.strategies.contract import Bench

AUTHOR = "agentnas-1"
"""Who writes the programs: a model wrote the network, we the frame around it."""

_SHOWN = 8
_WORDS = 300
_BY_MODEL = tuple(Decision(what=what, by=DecidedBy.MODEL) for what in ("plan", "program"))


@dataclass(frozen=True)
class Tried:
    """An architecture that was judged.

    Attributes:
        name: `arch_007`.
        draft: What the Code Executor made of it.
        trial: What became of it.
    """

    name: str
    draft: Draft
    trial: Trial

    @property
    def score(self) -> float | None:
        """Its validation score, None where it failed."""
        return self.trial.accuracy

    def words(self) -> str:
        """Return what became of it, in a line."""
        evaluation = self.trial.evaluation
        if self.score is not None:
            return f"{self.name}: {self.score:.4f} ({evaluation.parameters or 0:,} parameters)"
        if self.draft.problem is not None:
            return f"{self.name}: failed, not implemented: {self.draft.problem[-_WORDS:]}"
        return f"{self.name}: failed: {evaluation.status}: {(evaluation.error or '')[:_WORDS]}"

    def code(self) -> str:
        """Return it as it is shown to who builds on it."""
        score = "none" if self.score is None else f"{self.score:.4f}"
        status = self.trial.evaluation.status
        return f"## {self.name} (status={status}, score={score})\n```python\n{self.draft.architecture}\n```"


class Planning:
    """Phase 1 of one run.

    Args:
        bench: What may be touched.
        asking: Who is asked.
        task: The task.
        settings: Budgets.

    Attributes:
        tried: The architectures so far.
        selected: Names of those that the Planner chose when it stopped.
        left: Evaluations that are left.
        gave_up: Whether the Planner said nothing that can be used, so that rules go on.
        report: What is known of the data, empty where nothing is.
    """

    def __init__(self, bench: Bench, asking: Asking, task: TaskShape, settings: Settings) -> None:
        self._bench, self._asking, self._task, self._settings = bench, asking, task, settings
        self.left, self._patience = settings.scaled(settings.evaluations), Patience(settings)
        system = planner_system(bench.request, task, settings.parallel, self.left, self._patience.most)
        self._planner = Planner(asking, system, settings.retries, settings.remembered)
        self._executor = Executor(bench, asking, task, settings.repairs)
        self.tried: list[Tried] = []
        self.selected: tuple[str, ...] = ()
        self.gave_up, self.report = False, ""
        self._explorations = 0

    @property
    def insights(self) -> str:
        """The end of what the Planner summed up."""
        return "\n\n".join(self._planner.summaries)[-LONGEST_REPORT:]

    def search(self) -> Generator[list[Proposal], list[Trial], None]:
        """Go on until the Planner stops, gives up, or its budget or patience are used up."""
        while self.left > 0 and not self._patience.over:
            action = self._planner.act(self._refused)
            if action is None:
                self.gave_up = True
                return
            if isinstance(action, Stop):
                self.selected = action.selected
                return
            if isinstance(action, Explore):
                self._explore(action.purpose)
                continue
            archs = self._named(action.archs[: min(self.left, self._settings.parallel)])
            known = {each.name: each.code() for each in self.tried if each.draft.architecture}
            drafts = [self._executor.implemented(arch, known) for arch in archs]
            trials = yield [self._proposal(*each) for each in zip(archs, drafts, strict=True)]
            self._hear(archs, drafts, trials)

    def _refused(self, action: Action) -> str | None:
        if isinstance(action, Stop) and all(each.score is None for each in self.tried):
            return "no architecture has succeeded yet, so there is nothing to select"
        if isinstance(action, Explore) and self._explorations >= self._settings.explorations:
            return "the data were explored often enough"
        return None

    def _explore(self, purpose: str) -> None:
        self._explorations += 1
        steps = self._settings.explorer_steps
        found = explored(self._bench, self._asking, self._task, purpose, steps)
        if found.by is DecidedBy.MODEL or not self.report:
            self.report = found.text[:LONGEST_REPORT]
        self._planner.hear(f"## Data Explorer report\n{found.text}")

    def _named(self, archs: tuple[Arch, ...]) -> list[Arch]:
        """Return architectures with a name of their own each, the model's where it is free."""
        taken, named = {each.name for each in self.tried}, []
        for arch in archs:
            name, number = arch.name, len(taken) + 1
            while not name or name in taken:
                name, number = f"arch_{number:03d}", number + 1
            taken.add(name)
            named.append(arch._replace(name=name))
        return named

    def _proposal(self, arch: Arch, draft: Draft) -> Proposal:
        ids = {each.name: each.trial.candidate.id for each in self.tried}
        repaired = f"; repaired {draft.repairs}" if draft.repairs and draft.problem is None else ""
        dropped = f"; dropped {', '.join(draft.dropped)}" if draft.dropped else ""
        failed = f"; not implemented: {draft.problem}" if draft.problem else ""
        said = " ".join(arch.description.split())[:_WORDS]
        return Proposal(
            program=draft.source or None,
            author=AUTHOR,
            call=draft.call,
            key=content_id(draft.source) if draft.source else None,
            parents=tuple(ids[name] for name in mentioned(arch.description) if name in ids),
            operator="experiment",
            idea=f"{arch.name}: {said}{repaired}{dropped}{failed}"[: 3 * _WORDS],
            decisions=_BY_MODEL,
        )

    def _hear(self, archs: list[Arch], drafts: list[Draft], trials: list[Trial]) -> None:
        """Count what became of a batch, and let the Planner sum it up."""
        judged = zip(archs, drafts, trials, strict=True)
        new = [Tried(arch.name, draft, trial) for arch, draft, trial in judged]
        self._patience.hear(trials)
        self.tried += new
        self.left -= len(new)
        waited, most = self._patience.waited, self._patience.most
        ranked = sorted(self.tried, key=lambda each: -(each.score or 0.0))[:_SHOWN]
        self._planner.hear(
            "\n".join(
                [
                    "## Results (score in [0, 1], higher is better)",
                    *(each.words() for each in new),
                    *(f"Dropped of the recipe of {each.name}: {', '.join(each.draft.dropped)}" for each in new
                      if each.draft.dropped),
                    "Best so far: "
                    + ", ".join(f"{each.name} {each.score:.4f}" for each in ranked if each.score is not None),
                    f"{self.left} evaluations remain; patience {waited}/{most}.",
                ]
            )
        )  # fmt: skip
        self._planner.sum_up()
