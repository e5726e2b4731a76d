"""A bench for FairNAD by itself: a real sandbox, and accuracies that follow from a network's text alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from corpus.records.evaluations import Evaluation
from corpus.records.search.calls import Answer, AnswerPath
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import Proposal
from corpus.records.search.trials import Trial
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import task_spec
from generator.ideas.pool import IdeaPool, read_pool
from generator.ideas.told import Told, read_told
from generator.prompts.templates import ProgramRequest
from generator.spaces.trees import TreeSpace
from generator.strategies.fairnad.settings import Settings
from generator.strategies.fairnad.strategy import build
from generator.trees.nodes import Tree
from tests.generator.strategies.benches import PlainBench

CAP = 4_000
CONFIG = EvaluatorConfig(task="digits-clean", workers=1, max_parameters=CAP)
SHAPE = task_spec(CONFIG.task).shape
SPACE = TreeSpace(SHAPE, max_parameters=CAP)
POOL = read_pool(Path(__file__).parent / "ideas.toml")

SMALL = "conv(8) batch_norm relu | conv(12, stride=2) batch_norm relu | mean classifier"
FULL = "conv(16) batch_norm relu | conv(20, stride=2) batch_norm relu | mean classifier"


def tree(text: str) -> Tree:
    """Return the network of a text."""
    found = SPACE.decode(text)
    assert found is not None, text
    return found


def hashed(proposal: Proposal) -> float | None:
    """Return an accuracy that looks drawn, None for an attempt without a program."""
    return (
        None
        if proposal.key is None
        else int(hashlib.sha256(proposal.key.encode()).hexdigest()[:6], 16) / 16**6
    )


def wrote(text: str) -> Answer:
    """Return what a model wrote."""
    return Answer(value=text, path=AnswerPath.FREE, model="scripted")


def chose(option: str) -> Answer:
    """Return what a model chose."""
    return Answer(value=option, path=AnswerPath.GUIDED, model="scripted")


class BuildingBench(PlainBench):
    """A bench with a sandbox.

    Attributes:
        heard: All trials, in order.
        built: The programs of each visit to the sandbox.
        probed: What it said, by the program.
    """

    def __init__(self, sandbox: SandboxedEvaluator, *, pool: IdeaPool | None = POOL, seed: int = 0) -> None:
        super().__init__(seed=seed, candidates=1000)
        self.request = ProgramRequest(shape=SHAPE, max_parameters=CAP, target_accuracy=0.3)
        self.ideas, self._sandbox = pool, sandbox
        self.heard: list[Trial] = []
        self.built: list[list[str]] = []
        self.probed: dict[str, Probe] = {}

    def probe(self, role: str, sources: Sequence[str]) -> list[Probe]:
        assert role == "budget"
        self.built.append(list(sources))
        probes = self._sandbox.probe(sources)
        self.probed.update(zip(sources, probes, strict=True))
        return probes

    def judge(self, proposals: Sequence[Proposal], accuracies: Sequence[float | None]) -> list[Trial]:
        told = [self._measured(each) for each in super().judge(proposals, accuracies)]
        self.heard += told
        return told

    def _measured(self, trial: Trial) -> Trial:
        probe = self.probed.get(trial.candidate.source or "")
        known = {} if probe is None else {"parameters": probe.parameters, "flops": probe.flops}
        evaluation: Evaluation = trial.evaluation.model_copy(update=known)
        return trial._replace(evaluation=evaluation)


Accuracy = Callable[[Proposal], float | None]


def searched(
    bench: BuildingBench, settings: Settings, batches: int, accuracy: Accuracy = hashed
) -> list[list[Proposal]]:
    """Return what a search says in its first batches, that of the starting trees included."""
    conversation = build(settings, SPACE).search(bench)
    said = [next(conversation)]
    while len(said) < batches:
        said.append(conversation.send(bench.judge(said[-1], [accuracy(each) for each in said[-1]])))
    return said


def told(proposal: Proposal) -> Told:
    """Return what a proposal says of its idea."""
    found = read_told(proposal.idea or "")
    assert found is not None, proposal.idea
    return found
