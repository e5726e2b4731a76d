"""A decider that reads the results it is shown and climbs: what good answers of a model would be worth.

As the navigator it names the operations of the best networks, and quotes the networks themselves in its
prose; as the generator it writes neighbours of the networks that the prose quotes, or else points that lean
to what is preferred. It remembers nothing, so all that it knows came through its prompts.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.records.prompts import Message
from corpus.records.search.calls import Answer, AnswerPath
from generator.spaces.operations import Operational

QUOTED = 3
FAR = 0.25
"""Share of the neighbours that are two edits away."""

_RESULT = re.compile(r"^(\d\.\d{4}) (.+)$", re.MULTILINE)
_QUOTED = re.compile(r"^- (.+)$", re.MULTILINE)


class Informed:
    """Keeps `generator.deciders.contract.Decider`, for the questions of CoLLM-NAS over one space."""

    def __init__(self, space: Operational[Any]) -> None:
        self._space = space

    def generate(self, messages: Sequence[Message], *, seed: int, adapter: Path | None = None) -> Answer:
        return Answer(value=None, path=AnswerPath.RULE)

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, seed: int, adapter: Path | None = None
    ) -> Answer:
        """Return the option that the strategy prefers, by chance where it prefers none."""
        preferred = re.search(r"^Prefer: (.+)$", messages[-1].content, re.MULTILINE)
        named = [each for each in options if preferred and each in preferred[1].split(", ")]
        return _answer(random.Random(seed).choice(named or list(options)))

    def json(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        *,
        seed: int,
        adapter: Path | None = None,
    ) -> Answer:
        """Return a strategy, candidates or both, whichever the schema asks for."""
        wanted, document = schema["properties"], dict[str, Any]()
        shown = "\n".join(message.content for message in messages if message.role == "user")
        best = self._best(shown)
        if "strategy" in wanted:
            document |= self._strategy(best)
        if "candidates" in wanted:
            parents = best if "strategy" in wanted else self._quoted(shown)
            count = wanted["candidates"]["maxItems"]
            document["candidates"] = self._neighbours(parents, count, random.Random(seed))
        return _answer(document)

    def _best(self, shown: str) -> list[Any]:
        """Return the best points among all results in a prompt, best first."""
        accuracies = {text: float(accuracy) for accuracy, text in _RESULT.findall(shown)}
        ranked = sorted(accuracies, key=lambda text: -accuracies[text])
        return [self._space.decode(text) for text in ranked[:QUOTED]]

    def _quoted(self, shown: str) -> list[Any]:
        points = (self._space.decode(text) for text in _QUOTED.findall(shown))
        return [point for point in points if point is not None]

    def _strategy(self, best: Sequence[Any]) -> dict[str, Any]:
        counts = Counter(each for point in best for each in self._space.operations(point))
        most = [operation for operation, _ in counts.most_common()]
        quoted = "\n".join(f"- {self._space.encode(point)}" for point in best)
        return {
            "strategy": f"Stay close to these:\n{quoted}" if best else "Try many different networks.",
            "prefer": most[: max(1, len(self._space.vocabulary()) // 3)] if best else [],
            "avoid": [each for each in self._space.vocabulary() if best and each not in counts],
            "explore": [],
        }

    def _neighbours(self, parents: Sequence[Any], count: int, rng: random.Random) -> list[str]:
        points = []
        for _ in range(count):
            if not parents:
                points.append(self._space.sample(rng))
                continue
            point, _ = self._space.mutate(rng.choice(parents), rng)
            points.append(self._space.mutate(point, rng)[0] if rng.random() < FAR else point)
        return [self._space.encode(point) for point in points]


def _answer(value: Any) -> Answer:
    text = value if isinstance(value, str) else json.dumps(value)
    return Answer(value=value, path=AnswerPath.PARSED, model="informed", token_count=len(text) // 4)
