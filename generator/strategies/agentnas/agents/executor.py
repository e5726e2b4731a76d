"""The Code Executor: a model that turns a description into a class `Architecture` and a recipe.

What it writes is probed; what fails goes back with the error, to have its bugs fixed, up to so many times. A
config that cannot be read is the default, and said. This module does *not* judge what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from corpus.records.search.probes import Probe
from corpus.records.tasks.shape import TaskShape
from generator.edits.faults import Fault
from generator.strategies.agentnas.agents.asking import Asking, Chat
from generator.strategies.agentnas.agents.tags import Arch, blocks, document, mentioned
from generator.strategies.agentnas.agents.wording import executor_request, executor_system, repair_request
from generator.strategies.agentnas.programs import ARCHITECTURE, NoArchitecture, program
from generator.strategies.agentnas.recipe import Heard, Recipe, heard
from generator.strategies.contract import Bench

ROLE = "executor"

MOST_REFERENCES = 4
"""Architectures whose code is shown, of those that a description names; our choice."""


class Draft(NamedTuple):
    """What came of a description.

    Attributes:
        architecture: Python with the class, None where nothing ran.
        recipe: How it is trained.
        source: Both as a program; empty where nothing ran.
        dropped: What was dropped of the recipe.
        repairs: How often it was shown an error.
        problem: The last error, None where it runs.
        call: The recorded call that it stands in, None where nobody answered.
    """

    architecture: str | None
    recipe: Recipe
    source: str
    dropped: tuple[str, ...]
    repairs: int
    problem: str | None
    call: str | None


class Executor:
    """Implements the architectures of one search.

    Args:
        bench: Where programs are probed.
        asking: Who is asked.
        task: What they are written for.
        repairs: How often an architecture may be repaired.
    """

    def __init__(self, bench: Bench, asking: Asking, task: TaskShape, repairs: int) -> None:
        self._bench, self._asking, self._task, self._repairs = bench, asking, task, repairs

    def implemented(self, arch: Arch, known: Mapping[str, str]) -> Draft:
        """Return what comes of an architecture.

        Args:
            arch: It, in words.
            known: The code of earlier ones, with what became of them, by their names.
        """
        names = [name for name in mentioned(arch.description) if name in known][:MOST_REFERENCES]
        shown = "".join(f"{known[name]}\n\n" for name in names)
        chat = Chat(executor_system(self._bench.request, self._task), remembered=2)
        chat.tell(executor_request(arch.description, arch.recipe, shown))
        said_recipe = Heard(Recipe(), ("no JSON config: the default",))
        call, problem = None, "no answer"
        for attempt in range(self._repairs + 1):
            said = self._asking.text(ROLE, chat, again=attempt > 0)
            if said is None:
                break
            call, config = said.call, document(said.text)
            if config is not None:
                said_recipe = heard(config, self._task.kind)
            text = code_with(said.text, ARCHITECTURE)
            try:
                source = program(text, said_recipe.recipe, self._task)
            except NoArchitecture as error:
                problem = str(error)
            else:
                (probe,) = self._bench.probe(ROLE, [source])
                if probe.passed:
                    recipe, dropped = said_recipe
                    return Draft(text, recipe, source, dropped, attempt, None, call)
                problem = fault(probe)
            chat.tell(repair_request(problem))
        return Draft(None, said_recipe.recipe, "", said_recipe.dropped, self._repairs, problem, call)


def code_with(answer: str, name: str) -> str:
    """Return the Python in an answer: its last block with a class of that name, else all blocks together."""
    found = blocks(answer, "python", "py", "")
    whole = [each for each in found if f"class {name}" in each]
    return whole[-1] if whole else "\n".join(found)


def fault(probe: Probe) -> str:
    """Return why a program did not pass, in the words of the sandbox."""
    return Fault.of(probe).words
