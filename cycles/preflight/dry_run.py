"""What a run would do, without doing it: configuration, counts, memory, and what stands in its way.

This module does *not* load weights, start servers or write files. It knows amounts, not durations: those
come from `cycles.preflight.estimate`, which measures.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from corpus.records.base import Record
from corpus.records.mistakes import Mistake
from corpus.records.tasks.shape import TaskShape
from corpus.records.tasks.wording import described
from corpus.records.text import escaped, one_line
from cycles.config.run import RunConfig, same_device
from cycles.figures.measure import shape_of
from cycles.figures.quantities import byte_size, counted
from cycles.machine.devices import detected_gpus
from cycles.preflight.conditions import conditions
from cycles.preflight.estimate import Estimate, estimate_lines
from cycles.preflight.memory_plan import GIB, MemoryPlan, plan_memory
from cycles.run.models import check_model

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class Counts(Record):
    """How much work a run is, at most.

    Attributes:
        cycles: Cycles.
        programs: Programs that are sampled and judged.
        completion_tokens: Tokens that the generator writes if no completion ends early.
        fine_tunings: Trainings, one before every cycle but the first.
        optimiser_steps: Their steps if every candidate were a winner.
    """

    cycles: int
    programs: int
    completion_tokens: int
    fine_tunings: int
    optimiser_steps: int


class DryRun(Record):
    """A run on paper.

    Attributes:
        config: The resolved configuration.
        counts: How much work it is.
        memory: Whether its models fit; None where no model of this machine writes, or its size is unknown.
        estimate: Time and disk; None where this machine was not measured.
        obstacles: What the run lacks on this machine, each with its remedy; not looked for in a plan for
            another machine.
        task: What its task asks for, None where its files are not here.
    """

    config: dict[str, Any]
    counts: Counts
    memory: MemoryPlan | None
    estimate: Estimate | None = None
    obstacles: tuple[str, ...] = ()
    task: TaskShape | None = None

    @property
    def possible(self) -> bool:
        """Whether nothing speaks against the run."""
        return not self.obstacles and (self.memory is None or self.memory.fits is not False)


def dry_run(config: RunConfig, gpu_memory_gb: float | None = None) -> DryRun:
    """Return what a run with `config` would do.

    Args:
        config: The run's configuration.
        gpu_memory_gb: Memory of each GPU in GiB, to plan for another machine; None: this machine.

    Raises:
        ModelNotFoundError: The model's size is unknown here, and nothing else speaks against the run.
    """
    obstacles = () if gpu_memory_gb is not None else tuple(dict.fromkeys(_obstacles(config)))
    memory = None
    if config.strategy.asks_model:
        from generator.models.size import describe

        try:
            size = describe(config.generator.model)
        except Mistake:
            if not obstacles:
                raise
        else:
            memory = plan_memory(config, size, _capacities(config, gpu_memory_gb))
    return DryRun(
        config=config.model_dump(mode="json", exclude_none=True),
        counts=_counts(config),
        memory=memory,
        obstacles=obstacles,
        task=shape_of(config),
    )


def _counts(config: RunConfig) -> Counts:
    trainings = range(1, config.cycles) if config.learns else range(0)
    from_base = config.finetune.start == "base"
    rows = [config.candidates * (cycle if from_base else 1) for cycle in trainings]
    replayed = [count + round(config.finetune.replay * count) for count in rows]
    steps = [config.finetune.planned_steps(count) for count in replayed]
    if config.learns and config.teaching.imported_first:  # by how many programs, only the import tells
        steps.append(config.finetune.max_steps)
    programs = config.cycles * config.candidates
    return Counts(
        cycles=config.cycles,
        programs=programs,
        completion_tokens=programs * config.generator.max_new_tokens if config.strategy.asks_model else 0,
        fine_tunings=len(steps),
        optimiser_steps=sum(steps),
    )


def _capacities(config: RunConfig, gpu_memory_gb: float | None) -> dict[str, int]:
    """Return the memory of the devices that the run names, as far as it is known."""
    gpus = [] if gpu_memory_gb is not None else detected_gpus()
    found = {}
    for device in {same_device(each) for each in (config.generator.device, config.finetune.device)}:
        kind, _, number = device.partition(":")
        if kind == "cpu":
            found[device] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        elif gpu_memory_gb is not None:
            found[device] = int(gpu_memory_gb * GIB)
        elif int(number or 0) < len(gpus):
            found[device] = gpus[int(number or 0)].memory_bytes
    return found


def _obstacles(config: RunConfig) -> Iterator[str]:
    """Yield what would end the run at its start, each as its message; several may miss the same file."""
    checks: tuple[Callable[[], object], ...] = (*conditions(config), lambda: check_model(config))
    for check in checks:
        try:
            check()
        except Mistake as error:
            yield str(error)


def show(result: DryRun, console: Console, *, as_json: bool = False) -> None:
    """Print a dry run, as tables or as one line of JSON."""
    if as_json:
        row = {**result.model_dump(mode="json"), "possible": result.possible}
        console.out(json.dumps(row), highlight=False)
        return
    import tomli_w

    console.print(
        escaped(tomli_w.dumps(result.config)).rstrip(), markup=False, highlight=False, soft_wrap=True
    )
    if result.task is not None and not result.task.plain:
        console.print(f"\nTask: {described(result.task)}", markup=False, highlight=False, soft_wrap=True)
    counts = result.counts
    console.print(
        f"\n{counted(counts.cycles, 'cycle')}; {counted(counts.programs, 'program')}, in all at most "
        f"{counted(counts.completion_tokens, 'token')}; {counted(counts.fine_tunings, 'fine-tuning')}, "
        f"in all at most {counted(counts.optimiser_steps, 'optimiser step')}",
        soft_wrap=True,
    )
    if result.estimate is not None:
        console.print("\n".join(estimate_lines(result.estimate)), soft_wrap=True, highlight=False)
    if result.memory is not None:
        for piece in _memory(result.memory):
            console.print(piece, soft_wrap=isinstance(piece, str))
    for obstacle in result.obstacles:
        console.print(f"In the way: {one_line(obstacle)}", markup=False, highlight=False, soft_wrap=True)


def _memory(plan: MemoryPlan) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(f"Memory: {one_line(plan.model)}, sharing {plan.sharing}"), title_justify="left")
    for name in ("side", "device", "part", "GiB", "how"):
        table.add_column(name, justify="right" if name == "GiB" else "left")
    for tenant in plan.tenants:
        for part in tenant.parts:
            table.add_row(tenant.who, tenant.device, part.name, f"{part.bytes / GIB:.2f}", part.how)
        table.add_row(tenant.who, tenant.device, "all", f"{tenant.bytes / GIB:.2f}", "", end_section=True)
    yield table
    room = plan.full_sequences
    yield (
        f"{plan.size.parameters:,} parameters (from {plan.size.source}), "
        f"{plan.kv_bytes_per_token / 1024:,.1f} KiB of cache a token"
        + ("" if room is None else f", room for {room:.1f} sequences of full length")
    )
    for load in plan.devices:
        yield f"{load.device}: {_verdict(load.needed_bytes, load.capacity_bytes)}"
    if plan.full_sequences is not None and plan.full_sequences < 1:
        yield "The cache holds no whole sequence: lower generator.engine.max_model_len or raise its share."


def _verdict(needed: int, capacity: int | None) -> str:
    if capacity is None:
        return f"needs {byte_size(needed)}; no such device here, so name its memory: --gpu-memory-gb 24"
    word = "fits" if needed <= capacity else "does not fit"
    return f"needs {byte_size(needed)}: {word} in {byte_size(capacity)}"
