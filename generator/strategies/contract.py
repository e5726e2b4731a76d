"""The contract of search strategies: a strategy is a conversation, and its resume is a replay.

A strategy is a generator: it hands in proposals, is told what became of each, and goes on. Phases are
sequence, a population is a local deque, memory is a local list. Nothing of it is ever saved: a run that
resumes runs the strategy again (from its start, if it `remembers` anything), tells it what is recorded, and
answers its questions from their records. So a strategy has no clock, no input or output, and no chance but
`Bench.rng`.

It reaches neither the ledger nor the evaluator: all that it may touch is its `Bench`. It does *not* sample,
evaluate, admit or count its budget: whoever drives it does (`cycles.search`).
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from typing import NamedTuple, Protocol

from pydantic import JsonValue

from corpus.records.candidates import Candidate
from corpus.records.prompts import Message
from corpus.records.search.calls import Answer
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import Proposal
from corpus.records.search.transcripts import Transcript
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample
from generator.ideas.pool import IdeaPool
from generator.prompts.templates import ProgramRequest, TemplateName

Conversation = Generator[list[Proposal], list[Trial], None]
"""What a strategy says and hears: proposals, and for each, in their order, the trial that it became."""


class Answered(NamedTuple):
    """An answer, and the record that it stands in.

    Attributes:
        call: Id of the recorded call, for the proposals that come of it.
        answer: What was answered.
    """

    call: str
    answer: Answer


class Model(Protocol):
    """The model of the run as a strategy may ask it: each question is a row of the ledger.

    `role` says who asks, in the strategy's words. Where the run has no model, `generate` and `json` answer
    None by the path RULE, and the strategy goes by a rule of its own; `choose` draws by CHANCE.
    """

    def generate(self, role: str, messages: Sequence[Message]) -> Answered:
        """Return free text."""
        ...

    def json(self, role: str, messages: Sequence[Message], schema: Mapping[str, JsonValue]) -> Answered:
        """Return a document that `schema` (https://json-schema.org) accepts, or None."""
        ...

    def choose(self, role: str, messages: Sequence[Message], options: Sequence[str]) -> Answered:
        """Return one of `options`."""
        ...


class Bench(Protocol):
    """All that a strategy may touch.

    Attributes:
        request: What the run asks for: the task's shape, the cap on parameters, the accuracy to exceed.
        template: How the run renders a request as a prompt.
        exemplar_count: Programs to show in each prompt, as the run's settings have it.
    """

    request: ProgramRequest
    template: TemplateName
    exemplar_count: int

    @property
    def model(self) -> Model:
        """The model of the run."""
        ...

    @property
    def cycle(self) -> int:
        """The cycle that the next proposals belong to."""
        ...

    @property
    def index(self) -> int:
        """Place of the next proposal within that cycle."""
        ...

    @property
    def room(self) -> int:
        """Attempts that are left in that cycle, at least one; what is proposed beyond waits for the next."""
        ...

    @property
    def ideas(self) -> IdeaPool | None:
        """The design ideas of the run, None where it goes by none."""
        ...

    def seed(self, *place: object) -> int:
        """Return a seed that depends on the run's seed and `place` alone."""
        ...

    def rng(self, *place: object) -> random.Random:
        """Return a source of chance that depends on the run's seed and `place` alone."""
        ...

    def probe(self, role: str, sources: Sequence[str]) -> list[Probe]:
        """Return what programs build, found in the sandbox without training them; a row of the ledger."""
        ...

    def execute(self, role: str, code: str) -> Transcript:
        """Return what a script prints that runs in the sandbox over the training split; a row of the ledger.

        The script finds `train_images`, uint8 `(N, C, H, W)`, `train_labels`, int64 `(N,)`, and
        `hyperparameters`, what the protocol hands to every program (`lr`, `momentum`, `batch`, ...).
        """
        ...

    def starting_corpus(self) -> list[Candidate]:
        """Return the programs that were there before the first cycle; none of them is judged."""
        ...

    def exemplars(self, count: int) -> list[Trial]:
        """Return the stronger half of the run's admitted trials, at least `count` of them: best first."""
        ...

    def exhibits(self) -> list[Trial]:
        """Return what prompts may show: such trials, and imported programs that teach, by their claims.

        Empty where the run's settings have no program in prompts.
        """
        ...

    def shown(self, pool: Sequence[Trial], seed: int) -> list[Trial]:
        """Return the `exemplar_count` trials of a pool that one prompt shows, fewer where no more fit."""
        ...


class Strategy(ABC):
    """Decides what is tried next.

    Attributes:
        name: Its name in a configuration.
        remembers: Whether what it says depends on what it said, asked or heard before. One that goes by the
            place of each proposal and by `Bench` alone, and asks nothing, need not be replayed from the start
            of a run, but from that of the cycle that is due.
    """

    name: str
    remembers: bool = True

    @abstractmethod
    def search(self, bench: Bench) -> Conversation:
        """Yield batches of at least one proposal, and hear of each; whoever returns has nothing more to try.

        It is advanced only when its next batch is due, so its questions are answered by the adapter that is
        in force then.
        """

    def lesson(self, trial: Trial, plain: TrainingExample) -> TrainingExample | None:  # noqa: ARG002
        """Return what the generator is to learn from a trial that teaches or deters, None for nothing.

        Args:
            trial: The trial.
            plain: Its program as the answer to the prompt that it answered; to the run's plain request where
                no prompt asked for it. This is the lesson unless a strategy knows better.
        """
        return plain
