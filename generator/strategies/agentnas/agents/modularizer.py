"""The Modularizer: a model that groups a seed's operations into modules, and may change nothing else.

Its text is held against the seed in the sandbox (`generator.slots.checking`); what differs goes back to it,
up to so many times. This module does *not* decide who needs one.
"""

from __future__ import annotations

from corpus.records.tasks.shape import TaskShape
from generator.slots.checking import comparing_script, problem_in
from generator.strategies.agentnas.agents.asking import Asking, Chat
from generator.strategies.agentnas.agents.executor import code_with
from generator.strategies.agentnas.agents.slot_wording import MODULARIZE, NOT_MODULAR, modularizer_system
from generator.strategies.agentnas.programs import ARCHITECTURE, NoArchitecture, require_architecture
from generator.strategies.contract import Bench

ROLE = "modularizer"


def modularized(bench: Bench, asking: Asking, architecture: str, task: TaskShape, retries: int) -> str | None:
    """Return the same network as modules, None where none of the model's texts is the same network."""
    chat = Chat(modularizer_system(architecture, task), remembered=2)
    chat.tell(MODULARIZE)
    for attempt in range(retries + 1):
        said = asking.text(ROLE, chat, again=attempt > 0)
        if said is None:
            return None
        text = code_with(said.text, ARCHITECTURE)
        problem = _problem(bench, architecture, text, task)
        if problem is None:
            return text
        chat.tell(NOT_MODULAR.format(problem=problem))
    return None


def _problem(bench: Bench, original: str, text: str, task: TaskShape) -> str | None:
    try:
        require_architecture(text)
    except NoArchitecture as error:
        return str(error)
    script = comparing_script(original, text, task.input_shape)
    return problem_in(bench.execute(ROLE, script), original, text)
