"""What the roles of CoLLM-NAS are shown, and the form of their answers. No prompt names a data set.

The navigator sees the task, the space and results; the generator sees the space and one strategy. This module
does *not* ask anybody.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

from corpus.records.prompts import Message
from generator.prompts.templates import ProgramRequest
from generator.spaces.operations import Operational
from generator.strategies.collm.direction import MAX_WORDS_CHARACTERS, Direction
from generator.strategies.collm.memory import Memory, Round, Tried, ranked
from generator.strategies.collm.settings import Settings
from generator.strategies.wording import carried_on

Schema = dict[str, JsonValue]

BEST_SHOWN = 5
"""Best networks of the whole search that go with the results of each round."""

MOST_LISTED = 12
"""Operations in each list of a strategy."""

MEASURED = 32
"""Points that are drawn to learn how long an encoding may be: twice the longest of theirs."""

_NAVIGATOR = (
    "You guide a search for good neural networks. You do not write networks: another model writes them and "
    "sees nothing but your strategy. You are told how its networks did, and improve the strategy."
)
_GENERATOR = "You write neural networks in a given encoding, following a strategy."
_BOTH = (
    "You guide a search for good neural networks and write them in a given encoding. You are told how your "
    "networks did, and improve your strategy."
)
_FIELDS = (
    'Answer with a JSON document: "strategy" says in a few sentences what the next networks shall be like '
    'and why; "prefer", "avoid" and "explore" list operations that there shall be more of, fewer of, or that '
    "are to be tried because little is known of them."
)


def navigator_chat(
    request: ProgramRequest, space: Operational[Any], memory: Memory, settings: Settings
) -> tuple[Message, ...]:
    """Return what the navigator is asked: the first strategy, or the next from the results."""
    return _guided_chat(_NAVIGATOR, _FIELDS, request, space, memory, settings)


def both_chat(
    request: ProgramRequest, space: Operational[Any], memory: Memory, settings: Settings, count: int
) -> tuple[Message, ...]:
    """Return what one model in both roles is asked: a strategy, and as many candidates."""
    wanted = f'{_FIELDS} "candidates" lists {_networks(count)} in the encoding, not known yet.'
    return _guided_chat(_BOTH, wanted, request, space, memory, settings)


def generator_chat(
    space: Operational[Any], direction: Direction, count: int, results: Round | None
) -> tuple[Message, ...]:
    """Return what the generator is asked: candidates of a strategy; with memory, after the last results."""
    parts = [space.describe(), _strategy(direction)]
    if results is not None:
        parts.append(f"Earlier networks:\n{_listed(results.tried)}")
    parts.append(
        f'Write {_networks(count)}. Answer with a JSON document: "candidates" lists them in the encoding.'
    )
    return _chat(_GENERATOR, "\n\n".join(parts))


def choice_chat(
    space: Operational[Any], direction: Direction, begun: str, options: Sequence[str]
) -> tuple[Message, ...]:
    """Return what the generator is asked where it makes one choice: what follows `begun`."""
    parts = [space.describe(), _strategy(direction)]
    parts.append(f"A network is written from left to right. So far:\n{begun or '(nothing)'}")
    parts.append(f"What comes next: {' or '.join(options)}?")
    return _chat(_GENERATOR, "\n\n".join(parts))


def direction_schema(space: Operational[Any]) -> Schema:
    """Return the form of a strategy."""
    vocabulary = space.vocabulary()
    listed: Schema = {
        "type": "array",
        "items": {"type": "string", "enum": list(vocabulary)},
        "maxItems": min(MOST_LISTED, len(vocabulary)),
    }
    prose: Schema = {"type": "string", "maxLength": MAX_WORDS_CHARACTERS}
    return _object({"strategy": prose, "prefer": listed, "avoid": listed, "explore": listed})


def candidates_schema(space: Operational[Any], count: int) -> Schema:
    """Return the form of a list of candidates; a model that rambles is cut short in each."""
    rng = random.Random(0)
    longest = max(len(space.encode(space.sample(rng))) for _ in range(MEASURED))
    encoding: Schema = {"type": "string", "maxLength": 2 * longest}
    return _object({"candidates": {"type": "array", "items": encoding, "minItems": 1, "maxItems": count}})


def both_schema(space: Operational[Any], count: int) -> Schema:
    """Return the form of a strategy together with its candidates."""
    direction, candidates = direction_schema(space), candidates_schema(space, count)
    return _object({**_properties(direction), **_properties(candidates)})


def _guided_chat(
    system: str,
    wanted: str,
    request: ProgramRequest,
    space: Operational[Any],
    memory: Memory,
    settings: Settings,
) -> tuple[Message, ...]:
    """Return the chat of whoever makes strategies: with memory its own earlier ones stand in it."""
    task = "\n\n".join([_task(request), space.describe(), _operations(space)])
    rounds = memory.rounds[-settings.remembered :] if settings.navigator_memory else memory.rounds[-1:]
    if not rounds:
        return _chat(system, f"{task}\n\nNothing was tried yet. {wanted}")
    last = f"{_results(rounds[-1], memory)}\n\n{wanted}"
    if not settings.navigator_memory:
        return _chat(system, f"{task}\n\n{last}")
    chat = [*_chat(system, task)]
    for place, past in enumerate(rounds, start=1):
        said = json.dumps(past.direction.document(), ensure_ascii=False)
        heard = last if place == len(rounds) else f"Results:\n{_listed(past.tried)}"
        chat += [Message(role="assistant", content=said), Message(role="user", content=heard)]
    return tuple(chat)


def _chat(system: str, user: str) -> tuple[Message, ...]:
    return Message(role="system", content=system), Message(role="user", content=user)


def _task(request: ProgramRequest) -> str:
    shape = request.shape
    chance = "" if request.carried_to else f"; chance is {1 / shape.classes:.2f}"
    return (
        f"The networks classify images of {shape.channels} x {shape.height} x {shape.width} (channels x "
        f"height x width) into {shape.classes} classes. They have at most {request.max_parameters:,} "
        "parameters and are trained briefly from scratch."
        f"{carried_on(request)} Aim at a validation accuracy above {request.target_accuracy:.2f}{chance}."
    )


def _operations(space: Operational[Any]) -> str:
    return f"Operations that a strategy may name: {'; '.join(space.vocabulary())}."


def _strategy(direction: Direction) -> str:
    lists = {"Prefer": direction.prefer, "Avoid": direction.avoid, "Explore": direction.explore}
    lines = [f"{name}: {', '.join(operations)}" for name, operations in lists.items() if operations]
    return "\n".join(["Strategy: " + (direction.words or "as follows" if lines else "none yet"), *lines])


def _results(last: Round, memory: Memory) -> str:
    parts = [f"Results of the last strategy (validation accuracy):\n{_listed(last.tried)}"]
    if last.unusable:
        parts.append(f"{last.unusable} answers held no network, or one that was known already.")
    parts.append(f"Best so far:\n{_listed(memory.tried[:BEST_SHOWN])}")
    return "\n".join(parts)


def _listed(tried: Sequence[Tried]) -> str:
    lines = (
        f"{'failed' if each.accuracy is None else f'{each.accuracy:.4f}'} {each.encoding}"
        for each in ranked(tried)
    )
    return "\n".join(lines) or "none"


def _networks(count: int) -> str:
    return "one network" if count == 1 else f"{count} different networks"


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _properties(schema: Schema) -> Schema:
    properties = schema["properties"]
    assert isinstance(properties, dict), "made above"
    return properties
