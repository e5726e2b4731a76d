"""A space of trails whose best operation is known: a point is the edits that led to it.

Of each edit a hash of the whole trail decides whether it helps, in a share of the cases that depends on its
operation alone. So a point has one accuracy, and only the planted operation is worth trying more often.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.graphs import NetworkGraph
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import Transcript
from corpus.records.search.trials import Trial
from generator.strategies.llmastool.gate import Verdict
from generator.strategies.llmastool.settings import Settings
from generator.strategies.llmastool.strategy import LLMasTool
from tests.generator.strategies.benches import PlainBench

OPERATIONS = ("set", "swap", "insert", "delete", "wrap", "repeat", "widen")
HELPS, PLANTED_HELPS = 0.2, 0.6

Trail = tuple[str, ...]


class Setting(NamedTuple):
    what: str
    how: str


@dataclass(frozen=True)
class Step:
    """An operation that adds one word to a trail: `swap/2/b/1`."""

    name: str
    most: int = 12
    subjects: tuple[str, ...] = ("a", "b", "c")

    @property
    def words(self) -> str:
        return f"{self.name} something"

    def places(self, point: Trail) -> Sequence[int]:
        return range(self.most)

    def drafts(self, point: Trail, path: int) -> Sequence[Setting]:
        return [Setting(what, how) for what in self.subjects for how in ("1", "2")]

    def apply(self, point: Trail, path: int, option: Setting) -> Trail:
        return (*point, f"{self.name}/{path}/{option.what}/{option.how}")

    def place(self, point: Trail, path: int) -> str:
        return f"place {path}"


class Trails:
    """The space."""

    name, author, textual = "trails", "trails-1", False

    def __init__(self, planted: str = "swap", steps: Sequence[Step] | None = None) -> None:
        self.planted = planted
        self._gains: dict[Trail, int] = {(): 0}
        self.edits: Mapping[str, Step] = {
            each.name: each for each in steps or [Step(name) for name in OPERATIONS]
        }

    def accuracy(self, point: Trail) -> float:
        """Return the accuracy of a point: how many of its edits helped, more than did not."""
        return 1 / (1 + math.exp(-self._gain(point) / 20))

    def _gain(self, point: Trail) -> int:
        if point not in self._gains:
            drawn = hashlib.sha256(f"{self.planted}|{'|'.join(point)}".encode()).digest()[0] / 256
            share = PLANTED_HELPS if point[-1].startswith(self.planted) else HELPS
            self._gains[point] = self._gain(point[:-1]) + (1 if drawn < share else -1)
        return self._gains[point]

    def starts(self) -> list[Trail]:
        return [()]

    def start(self, name: str) -> Trail | None:
        return ("wrap/0/a/1",) if name == "wrapped" else None

    def primitive(self) -> Trails:
        return Trails(self.planted, [Step(each.name, subjects=("a",)) for each in self.edits.values()])

    def niche(self, point: Trail) -> Hashable:
        return frozenset(step.split("/")[0] for step in point)

    def sample(self, rng: random.Random) -> Trail:
        return (f"set/{rng.randrange(12)}/a/1",)

    def mutate(self, point: Trail, rng: random.Random) -> tuple[Trail, str]:
        return (*point, *self.sample(rng)), "set"

    def legal(self, point: Trail) -> bool:
        return True

    def encode(self, point: Trail) -> str:
        return " ".join(point) or "empty"

    def decode(self, text: str) -> Trail | None:
        return None if text == "broken" else () if text == "empty" else tuple(text.split())

    def key(self, point: Trail) -> str:
        return self.encode(point)

    def render(self, point: Trail) -> str:
        return f"# {self.encode(point)}\n"

    def describe(self) -> str:
        return "trails"


class TrailBench(PlainBench):
    """A bench with a sandbox of two answers: what `broken` says of a program fails, all else passes.

    Attributes:
        heard: All trials, in order.
        built: The programs of each visit to the sandbox.
        graphs: The recorded network of a program, None where there is none.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        broken: Callable[[str], bool] = lambda _: False,
        graphs: Callable[[str], NetworkGraph | None] = lambda _: None,
    ) -> None:
        super().__init__(seed=seed, candidates=1000)
        self.heard: list[Trial] = []
        self.built: list[list[str]] = []
        self.broken, self.graphs = broken, graphs

    def probe(self, role: str, sources: Sequence[str]) -> list[Probe]:
        self.built.append(list(sources))
        return [self._probe(source) for source in sources]

    def execute(self, role: str, code: str) -> Transcript:
        raise AssertionError("this search runs no script")

    def _probe(self, source: str) -> Probe:
        if self.broken(source):
            return Probe(failure=EvaluationStatus.SHAPE_ERROR, stage=Stage.FORWARD)
        return Probe(
            failure=None,
            stage=Stage.DONE,
            parameters=1,
            output_shape=(1, 2),
            graph=self.graphs(source),
        )


def searched(
    bench: TrailBench,
    settings: Settings,
    space: Trails,
    evaluations: int,
    verdict: Verdict = lambda *_: None,
) -> None:
    """Search for so many evaluations; the trials are in the bench."""
    conversation = LLMasTool(settings, space, verdict).search(bench)
    proposals = next(conversation)
    while len(bench.heard) < evaluations:
        points = [None if each.key is None else space.decode(each.key) for each in proposals]
        accuracies = [None if point is None else space.accuracy(point) for point in points]
        trials = bench.judge(proposals, accuracies)
        bench.heard += trials
        proposals = conversation.send(trials)
