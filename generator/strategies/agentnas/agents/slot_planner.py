"""The Slot Planner and those who fill its slots: a seed as a slotted network, by a model.

One document says scaffold and slots; then every alternative is implemented as a class and tried at the slot's
exact shapes, with its errors shown to the model, up to so many times. The seed's own part is an alternative
like the others, only that without it there is no network. This module does *not* look at whole networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from corpus.records.tasks.shape import TaskShape
from generator.slots.checking import problem_in, trying_script
from generator.slots.contract import MAX_TEXT, Alternative, Origin, Slot, Slotted
from generator.slots.reading import NotSlotted, Planned, PlannedSlot, planned, schema, short
from generator.strategies.agentnas.agents.asking import Asking, Chat
from generator.strategies.agentnas.agents.executor import code_with
from generator.strategies.agentnas.agents.slot_wording import given, slot_executor_system, slot_planner_system
from generator.strategies.agentnas.programs import NoArchitecture, program
from generator.strategies.agentnas.seeds import Seed
from generator.strategies.agentnas.settings import Settings
from generator.strategies.contract import Bench

ROLE = "slot planner"
EXECUTOR_ROLE = "slot executor"

_PLAN = "Design the search space. Answer with the JSON object alone."


class Known(NamedTuple):
    """What phase 1 learnt.

    Attributes:
        report: Of the data.
        insights: The end of the Planner's summaries.
    """

    report: str = ""
    insights: str = ""


class SlotPlanner:
    """Plans slots around one seed, in one chat.

    Args:
        bench: Where classes are tried.
        asking: Who is asked.
        seed: The seed.
        known: What phase 1 learnt.
        task: The task.
        settings: How many of everything.
    """

    def __init__(
        self, bench: Bench, asking: Asking, seed: Seed, known: Known, task: TaskShape, settings: Settings
    ) -> None:
        self._bench, self._asking, self._seed, self._task = bench, asking, seed, task
        self._settings = settings
        score = "not judged yet" if seed.score is None else f"score {seed.score:.4f}, higher is better"
        most = settings.slots, settings.alternatives
        system = slot_planner_system(seed.architecture, score, *known, task, *most)
        self._chat = Chat(system, remembered=2)

    def slotted(self, problem: str) -> Slotted | None:
        """Return the seed with slots, None where no usable plan came.

        Args:
            problem: What was wrong with the last slotted network, empty at first.
        """
        self._chat.tell(f"That search space failed: {problem}\n{_PLAN}" if problem else _PLAN)
        for attempt in range(self._settings.retries + 1):
            plan = self._plan(again=bool(problem) or attempt > 0)
            if plan is None:
                return None
            found = plan if isinstance(plan, str) else self._filled(plan)
            if isinstance(found, Slotted):
                return found
            self._chat.tell(f"That cannot be used: {found}\n{_PLAN}")
        return None

    def _plan(self, *, again: bool) -> Planned | str | None:
        """Return a plan, or what is wrong with it; None where there is no model."""
        settings = self._settings
        most = settings.slots, settings.alternatives
        answered = self._asking.document(ROLE, self._chat, schema(*most), again=again)
        if answered is None:
            return None
        try:
            found = planned(answered[0], *most)
            program(found.scaffold, self._seed.recipe, self._task)
        except (NotSlotted, NoArchitecture) as error:
            return str(error)
        return found

    def _filled(self, plan: Planned) -> Slotted | str:
        """Return the network with what could be implemented, or what is wrong: a part of the seed is not."""
        seeds: list[Alternative] = []
        for each in plan.slots:
            if each.begins_with_identity:
                seeds.append(Alternative(name="seed", origin="identity"))
                continue
            text = self._implemented(each, each.seed, self._seed.architecture)
            if text is None:
                return f"the seed's part of slot {each.slot.name} could not be implemented at its shapes"
            seeds.append(Alternative(name="seed", origin="seed", text=text))
        slots = [self._slot(each, seed) for each, seed in zip(plan.slots, seeds, strict=True)]
        scaffold = program(plan.scaffold, self._seed.recipe, self._task)
        return Slotted(scaffold=scaffold, slots=tuple(slots))

    def _slot(self, wanted: PlannedSlot, seed: Alternative) -> Slot:
        """Return a slot with the alternatives that could be implemented."""
        found = [seed]
        if wanted.searched:
            found += [Alternative(name=each, origin=each) for each in _free(wanted.slot, seed.origin)]
            for words in wanted.alternatives:
                text = self._implemented(wanted, words, "")
                if text is not None:
                    name = short(words, {each.name for each in found})
                    found.append(Alternative(name=name, origin="model", text=text))
        return Slot.model_validate({**wanted.slot.model_dump(), "alternatives": found})

    def _implemented(self, wanted: PlannedSlot, words: str, seed_code: str) -> str | None:
        """Return a class that runs at its slot's shapes, None where there is none after all repairs."""
        slot = wanted.slot
        chat = Chat(slot_executor_system(wanted, seed_code), remembered=2)
        chat.tell(f"Implement `{slot.class_name}` for: {words}")
        for attempt in range(self._settings.repairs + 1):
            said = self._asking.text(EXECUTOR_ROLE, chat, again=attempt > 0)
            if said is None:
                return None
            text = code_with(said.text, slot.class_name)
            if f"class {slot.class_name}" not in text:
                problem: str | None = f"there is no ```python block with a class {slot.class_name}"
            elif len(text) > MAX_TEXT:
                problem = f"it has {len(text):,} characters, the limit is {MAX_TEXT:,}"
            else:
                script = trying_script(text, slot)
                problem = problem_in(self._bench.execute(EXECUTOR_ROLE, script), text)
            if problem is None:
                return text
            chat.tell(
                f"The module failed validation:\n```\n{problem}\n```\n"
                f"Fix it. Class: `{slot.class_name}`, forward signature: `forward({given(slot)})`."
            )
        return None


def _free(slot: Slot, seed: Origin) -> Iterator[Origin]:
    """Yield what fills a slot without anybody writing it."""
    if slot.entering == slot.leaving and seed != "identity":
        yield "identity"
    yield "zero"
