"""Probes mined modules, many at a time: which settings work, and what a module does under them.

Each module is an inquiry: a few guesses, of which the first that works counts, then its variations.
Many inquiries are under way side by side, so that every round fills the sandbox's workers. Modules come out
whole and in order, with all their probes, so what is stored is never half of a module.

This module does *not* import torch or run a module: `probe` is the sandbox's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import islice

from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import ModuleProbe
from corpus.records.search.probes import Probe
from evaluator.config import EvaluatorConfig
from generator.modules.findings import failed, module_probe
from generator.modules.harness import harness
from generator.modules.settings import Setting, trials

AT_A_TIME = 24
"""Modules under way side by side (our choice): what an interruption costs at most."""

MAX_PARAMETERS = 10_000_000
"""Cap on a probed module's trainable parameters: far above what a network of a run may have, so it is only
there for modules whose size does not follow from their channels (our choice)."""

CPU_SECONDS = 10
"""Processor time of one probe, which takes a twentieth of a second for most modules (our choice)."""

_Attempt = Sequence[Setting]
"""Settings of which the first that works counts."""

_Inquiry = Generator[Sequence[_Attempt], Sequence[ModuleProbe], None]


def probing_config(workers: int) -> EvaluatorConfig:
    """Return the sandbox's settings for probes of modules; the task's images are hardly looked at."""
    return EvaluatorConfig(
        task="digits-clean",
        workers=workers,
        max_parameters=MAX_PARAMETERS,
        cpu_seconds=CPU_SECONDS,
        wall_seconds=4.0 * CPU_SECONDS,
    )


def probed(
    modules: Iterable[MinedModule], probe: Callable[[Sequence[str]], Sequence[Probe]]
) -> Iterator[tuple[MinedModule, tuple[ModuleProbe, ...]]]:
    """Yield each module with its probes, of which there is at least one.

    Args:
        modules: The modules.
        probe: Probes programs, in order: `SandboxedEvaluator.probe`.

    Raises:
        SandboxError: The machinery broke. Modules never cause it.
    """
    waiting = iter(modules)
    while chunk := list(islice(waiting, AT_A_TIME)):
        found = _side_by_side(chunk, probe)
        yield from zip(chunk, map(tuple, found), strict=True)


def _side_by_side(
    modules: Sequence[MinedModule], probe: Callable[[Sequence[str]], Sequence[Probe]]
) -> list[list[ModuleProbe]]:
    """Return the probes of each module, found in rounds."""
    found: list[list[ModuleProbe]] = [[] for _ in modules]
    inquiries = {place: _inquiry(module, found[place]) for place, module in enumerate(modules)}
    asked = {place: wanted for place, each in inquiries.items() if (wanted := next(each, None)) is not None}
    while asked:
        jobs = [(place, attempt) for place, attempts in asked.items() for attempt in attempts]
        answers = _answers([(modules[place], attempt) for place, attempt in jobs], probe)
        by_place: dict[int, list[ModuleProbe]] = {}
        for (place, _), answer in zip(jobs, answers, strict=True):
            by_place.setdefault(place, []).append(answer)
        asked = {}
        for place, given in by_place.items():
            try:
                asked[place] = inquiries[place].send(given)
            except StopIteration:
                continue
    return found


def _inquiry(module: MinedModule, found: list[ModuleProbe]) -> _Inquiry:
    """Yield what to probe next, be told what came of it, and note all of it in `found`."""
    wanted = trials(module)
    if wanted.reason is not None:
        found.append(failed(module, {}, wanted.reason))
        return
    given = yield [wanted.hypotheses]
    found += given
    if given[0].usable:
        further = wanted.variations[wanted.hypotheses.index(given[0].setting)]
        if further:
            found += yield [[each] for each in further]


def _answers(
    jobs: Sequence[tuple[MinedModule, _Attempt]], probe: Callable[[Sequence[str]], Sequence[Probe]]
) -> list[ModuleProbe]:
    """Return the probe of each attempt; a text that cannot be parsed is a failure like any other."""
    answers: list[ModuleProbe | None] = []
    programs: list[str] = []
    for module, attempt in jobs:
        try:
            programs.append(harness(module, attempt))
            answers.append(None)
        except SyntaxError as error:
            answers.append(failed(module, attempt[0], f"its text cannot be parsed: {error}"))
    results = iter(probe(programs))
    return [
        module_probe(module, attempt, next(results)) if answer is None else answer
        for (module, attempt), answer in zip(jobs, answers, strict=True)
    ]
