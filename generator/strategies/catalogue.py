"""The strategies by name, with one line each; a stranger's by its import path.

A strategy is a module with `Settings` (pydantic, the table `[strategy.settings]`) and
`build(settings, space)`. This module does *not* import one before it is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ValidationError

from corpus.records.mistakes import Mistake, one_of
from generator.spaces.contract import Space
from generator.strategies.contract import Strategy


class StrategyError(Mistake):
    """There is no such strategy, or it is none."""


class Listed(NamedTuple):
    """What is known of a strategy before it is imported.

    Attributes:
        module: Where it is.
        summary: What it does, in one line.
        asks_model: Whether its programs come from the run's model, so that there is one to teach.
        over_space: Whether it searches a space.
        ideas: Whether it goes by design ideas: `never`, `always`, or where a pool of them is named.
        chats: Whether its prompts say what the template `compact` has no words for.
    """

    module: str
    summary: str
    asks_model: bool
    over_space: bool
    ideas: Literal["never", "named", "always"] = "never"
    chats: bool = False


STRATEGIES: Mapping[str, Listed] = {
    "closed-loop": Listed(
        "generator.strategies.closed_loop",
        "asks the model for the same thing again and again; all the learning is in its adapter",
        asks_model=True,
        over_space=False,
        ideas="named",
    ),
    "edits": Listed(
        "generator.strategies.edits",
        "asks the model for edits, or for the rest, of programs that are there; may send back what failed",
        asks_model=True,
        over_space=False,
    ),
    "random": Listed(
        "generator.strategies.random_search",
        "draws every point of a space by itself: the control of every search",
        asks_model=False,
        over_space=True,
    ),
    "evolution": Listed(
        "generator.strategies.evolution",
        "regularised evolution: mutates the winners of tournaments, and the oldest die",
        asks_model=False,
        over_space=True,
    ),
    "portfolio": Listed(
        "generator.strategies.portfolio.strategy",
        "several strategies take turns: a bandit gives more of them to whoever finds better networks",
        asks_model=True,
        over_space=True,
    ),
    "feedback": Listed(
        "generator.strategies.feedback.strategy",
        "feedback memory: a model improves the best program so far, told of its last attempts",
        asks_model=True,
        over_space=False,
        chats=True,
    ),
    "collm": Listed(
        "generator.strategies.collm.coordinator",
        "CoLLM-NAS: a model that remembers makes strategies, a model that does not writes their candidates",
        asks_model=True,
        over_space=True,
    ),
    "llmastool": Listed(
        "generator.strategies.llmastool.strategy",
        "LLMasTool: a planner says which edit of a tree of modules comes next, a model what exactly",
        asks_model=True,
        over_space=True,
    ),
    "fairnad": Listed(
        "generator.strategies.fairnad.strategy",
        "FairNAD: carries out design ideas drawn fairly, scales small networks up, tunes the others",
        asks_model=True,
        over_space=True,
        ideas="always",
    ),
    "agentnas": Listed(
        "generator.strategies.agentnas.strategy",
        "AgentNAS: finds a seed, cuts it into slots with alternatives, evolves the choices of the slots",
        asks_model=True,
        over_space=True,
    ),
}


def listed(name: str) -> Listed:
    """Return what is known of the strategy `name`; an import path stands for a stranger's.

    Raises:
        StrategyError: There is none of that name.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    if "." in name:
        return Listed(name, "a strategy from outside", asks_model=True, over_space=True, ideas="named")
    raise StrategyError(f"There is no strategy '{name}'.{one_of(name, STRATEGIES)}")


def settings_of(name: str, values: Mapping[str, Any]) -> BaseModel:
    """Return the settings of the strategy `name`, checked.

    Raises:
        StrategyError: There is no such strategy.
        pydantic.ValidationError: The values are none of its settings.
    """
    return settings_model(name).model_validate(dict(values))


def settings_model(name: str) -> type[BaseModel]:
    """Return the model of the settings of the strategy `name`.

    Raises:
        StrategyError: There is no such strategy.
    """
    model: type[BaseModel] = _module(name).Settings
    return model


def build_strategy(name: str, values: Mapping[str, Any], space: Space[Any] | None) -> Strategy:
    """Return the strategy `name` with these settings, over `space` if it searches one.

    Raises:
        StrategyError: There is no such strategy.
        pydantic.ValidationError: The values are none of its settings.
    """
    strategy: Strategy = _module(name).build(settings_of(name, values), space)
    return strategy


def first_fault(error: ValidationError, *place: str) -> str:
    """Return the first thing that is wrong with settings, with where they stand: `settings.batch: ...`."""
    first = error.errors()[0]
    path = ".".join(map(str, (*place, *first["loc"])))
    return f"{path}: {first['msg'].removeprefix('Value error, ')}"


def _module(name: str) -> ModuleType:
    try:
        module = importlib.import_module(listed(name).module)
    except ImportError as error:
        raise StrategyError(f"strategy '{name}' cannot be imported: {error}. Check strategy.name.") from error
    lacking = [part for part in ("Settings", "build") if not hasattr(module, part)]
    if lacking:
        raise StrategyError(
            f"strategy '{name}' lacks {' and '.join(lacking)}: it needs both (see CONTRIBUTING.md)."
        )
    return module
