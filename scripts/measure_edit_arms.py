#!/usr/bin/env python
"""Measure what edits and repairs of one model are worth beside its whole programs, on programs held out.

    .venv/bin/python scripts/measure_edit_arms.py --model runs/editor/checkpoint
    .venv/bin/python scripts/measure_edit_arms.py --model runs/editor/checkpoint --run runs/first
    .venv/bin/python scripts/measure_edit_arms.py --form continuation --parents own

It prints, with 95% Wilson intervals:

    whole     share of whole programs that build and pass two images in the sandbox (a probe)
    edits     the same share of edits, or continuations, of valid programs, and what was wrong with the others
    another   share of them that are valid and build another network than their parent
    seeded    share of programs with a seeded fault and status SHAPE_ERROR that are mended within `--calls`
    own       the same for the SHAPE_ERROR programs among the whole ones
    recorded  the same for the SHAPE_ERROR programs that a run recorded
    anew      share of attempts of which one of `--calls` whole programs is valid: repairs by asking again

Parents are programs of the grammar or, as in a run, the valid ones among the whole programs. All answers are
drawn as a run draws them (temperature 0.8). Programs and faults are drawn by seeds that pre-training does not
use. It does *not* train anything, so it says nothing about accuracy.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from corpus.ledger.reader import Ledger
from corpus.programs.structure import structure_of
from corpus.records.base import derive_seed
from corpus.records.evaluations import EvaluationStatus
from corpus.records.prompts import Message, Prompt
from corpus.records.search.probes import Probe
from cycles.config.run import RunConfig, load_config
from cycles.figures.records import Rate
from cycles.figures.statistics import wilson
from cycles.parts import build_sandbox, task_shape
from cycles.run.starting_corpus import program_request
from evaluator.supervisor.sandbox import SandboxedEvaluator
from generator.edits.asking import (
    Written,
    continuation_request,
    edit_request,
    read_answer,
    repair_request,
    template_of,
)
from generator.edits.continuing import sound_beginning, varied_beginning
from generator.edits.faults import Fault
from generator.grammar.program import Derivation, sample_derivation
from generator.models.places import resolve_model
from generator.pretraining.breaking import break_program
from generator.prompts.templates import ProgramRequest, render
from generator.samplers.transformers import TransformersSampler

BAR_EDITS, BAR_REPAIRS = 1.25, 0.30
"""What is wanted: valid edits by valid whole programs, and the share of SHAPE_ERROR programs mended."""

PROBED = 25
"""Programs given to the sandbox at a time."""


class Failed(NamedTuple):
    """A program that failed."""

    source: str
    fault: Fault


class Judged(NamedTuple):
    """What became of an answer.

    Attributes:
        answer: The answer.
        verdict: `valid`, or in a word what is wrong.
        fault: How the program failed; None where there is none, or it is valid.
        network: The exact hash of the network that it builds; None for none.
    """

    answer: Written
    verdict: str
    fault: Fault | None = None
    network: str | None = None


class Bench(NamedTuple):
    """Who answers and who judges.

    Attributes:
        config: The run's configuration.
        sampler: Who answers.
        sandbox: Who builds programs.
        continues: Whether programs are continued, not edited.
    """

    config: RunConfig
    sampler: TransformersSampler
    sandbox: SandboxedEvaluator
    continues: bool

    @property
    def request(self) -> ProgramRequest:
        """What a run asks for."""
        return program_request(self.config, task_shape(self.config))

    def variation(self, parent: str, rng: random.Random) -> tuple[Message, ...]:
        """Return the chat that asks for a change of a program."""
        if self.continues:
            return continuation_request("compact", self.request, varied_beginning(parent, rng))
        return edit_request("compact", self.request, parent)

    def repair(self, failed: Failed, call: int) -> tuple[Message, ...]:
        """Return the chat that asks to mend a program, for the `call`-th time."""
        if self.continues:
            return continuation_request("compact", self.request, sound_beginning(*failed, again=call > 0))
        return repair_request("compact", self.request, *failed)

    def template(self, form: Literal["edit", "repair"]) -> str:
        """Return the template of a prompt that asks for one of them."""
        return template_of("compact", "continuation" if self.continues else form)

    def answers(self, template: str, chats: Sequence[tuple[Message, ...]], *place: object) -> list[Written]:
        """Return the programs that the model answers to `chats`, each drawn by a seed of its place."""
        prompts = [
            Prompt(
                id=f"p{number:05d}", strategy="measurement", template=template, messages=chat,
                seed=derive_seed("measure-edit-arms", *place, number),
            )
            for number, chat in enumerate(chats)
        ]  # fmt: skip
        samples = {sample.prompt_id: sample.text for sample in self.sampler.sample(prompts, None)}
        return [read_answer(prompt, samples[prompt.id]) for prompt in prompts]

    def probes(self, sources: Sequence[str]) -> list[Probe]:
        """Return what programs build."""
        return [
            probe
            for start in range(0, len(sources), PROBED)
            for probe in self.sandbox.probe(sources[start : start + PROBED])
        ]

    def judged(self, answers: Sequence[Written]) -> list[Judged]:
        """Return what becomes of each answer."""
        probes = iter(self.probes([each.program for each in answers if each.program is not None]))
        return [_judged(each, None if each.program is None else next(probes)) for each in answers]


def main() -> None:
    """Read the arguments, take the measurements, print them."""
    arguments = _arguments()
    config = load_config("cpu-tiny", ["evaluator.workers=1", *arguments.set])
    sampler = TransformersSampler(
        resolve_model(arguments.model), config.generator.sampling, batch_size=arguments.batch
    )
    with build_sandbox(config) as sandbox:
        figures = measure(Bench(config, sampler, sandbox, arguments.form == "continuation"), arguments)
    if arguments.json:
        print(json.dumps(figures))


def measure(bench: Bench, arguments: argparse.Namespace) -> dict[str, object]:
    """Print the shares one after the other, and return them."""
    say: Callable[[str], None] = (
        (lambda _: None) if arguments.json else (lambda text: print(text, flush=True))
    )
    count = arguments.count
    whole = bench.judged(bench.answers("compact", [render("compact", bench.request)] * count, "whole"))
    valid_whole = _valid(whole)
    say(f"whole     {valid_whole.words}  {_others(whole)}")
    parents = _parents(bench, whole, arguments)
    rngs = (random.Random(derive_seed("held-out-cuts", number)) for number in range(count))
    chats = [
        bench.variation(each.answer.program or "", rng) for each, rng in zip(parents, rngs, strict=False)
    ]
    edits = bench.judged(bench.answers(bench.template("edit"), chats, "edits"))
    valid_edits = _valid(edits)
    ratio = valid_edits.value / valid_whole.value if valid_whole.count else float("inf")
    say(f"edits     {valid_edits.words}  {_others(edits)}")
    say(f"          {ratio:.2f} times whole programs (wanted {BAR_EDITS})")
    another = [
        child.verdict == "valid" and child.network != parent.network
        for child, parent in zip(edits, parents, strict=True)
    ]
    say(f"another   {wilson(sum(another), len(another)).words}")
    groups = (whole[start : start + arguments.calls] for start in range(0, count, arguments.calls))
    anew = [any(each.verdict == "valid" for each in group) for group in groups]
    figures: dict[str, object] = {
        "whole": [each.verdict for each in whole], "edits": [each.verdict for each in edits], "ratio": ratio,
        "another": another, "anew": sum(anew) / (len(anew) or 1),
    }  # fmt: skip
    failed = {"seeded": list(_broken(bench, arguments.broken)), "own": _own_failures(whole)}
    if arguments.run is not None:
        failed["recorded"] = list(_recorded(arguments.run, arguments.broken))
    for name, programs in failed.items():
        figures[name] = mended = _mended(bench, programs, arguments.calls, name)
        say(f"{name:<10}{wilson(sum(mended), len(mended)).words}  (wanted {BAR_REPAIRS})")
    say(f"anew      {wilson(sum(anew), len(anew)).words}")
    return figures


def _mended(bench: Bench, failed: Sequence[Failed], calls: int, name: str) -> list[bool]:
    """Return which programs are mended within so many calls; what a call breaks anew is sent on."""
    mended = [False] * len(failed)
    waiting = dict(enumerate(failed))
    for call in range(calls):
        chats = [bench.repair(each, call) for each in waiting.values()]
        answers = bench.answers(bench.template("repair"), chats, name, call)
        made = {place: each.program for place, each in zip(waiting, answers, strict=True) if each.program}
        for place, probe in zip(made, bench.probes(list(made.values())), strict=True):
            if probe.passed:
                mended[place] = True
                del waiting[place]
            else:
                waiting[place] = Failed(made[place] or "", Fault.of(probe))
    return mended


def _judged(answer: Written, probe: Probe | None) -> Judged:
    if probe is None:
        return Judged(answer, answer.failure or "no program")
    if not probe.passed:
        return Judged(answer, f"{probe.failure}", Fault.of(probe))
    return Judged(answer, "valid", network=structure_of(probe.graph).exact if probe.graph else None)


def _parents(bench: Bench, whole: Sequence[Judged], arguments: argparse.Namespace) -> list[Judged]:
    """Return whom the changes start from."""
    if arguments.parents == "own":
        own = [each for each in whole if each.verdict == "valid"]
        return list(itertools.islice(itertools.cycle(own), arguments.count))
    held_out = _held_out(bench, arguments.count, "parents")
    return bench.judged([Written(each.program.source, None) for each in held_out])


def _held_out(bench: Bench, count: int, name: str) -> list[Derivation]:
    shape, cap = task_shape(bench.config), bench.config.evaluator.max_parameters
    rngs = (random.Random(derive_seed("held-out", name, number)) for number in range(count))
    return [sample_derivation(rng, shape, max_parameters=cap) for rng in rngs]


def _broken(bench: Bench, count: int) -> Iterator[Failed]:
    """Yield `count` programs with a seeded fault that the sandbox calls a SHAPE_ERROR."""
    shape, cap = task_shape(bench.config), bench.config.evaluator.max_parameters
    number = 0
    while number < 40 * count:
        rngs = [random.Random(derive_seed("held-out-faults", number + each)) for each in range(PROBED)]
        number += PROBED
        parents = [sample_derivation(rng, shape, max_parameters=cap) for rng in rngs]
        sources = [
            break_program(rng, parent, shape, cap).source for rng, parent in zip(rngs, parents, strict=True)
        ]
        for source, probe in zip(sources, bench.probes(sources), strict=True):
            if probe.failure is EvaluationStatus.SHAPE_ERROR:
                yield Failed(source, Fault.of(probe))
                count -= 1
            if not count:
                return


def _own_failures(whole: Sequence[Judged]) -> list[Failed]:
    faults = ((each.answer.program or "", each.fault) for each in whole)
    return [Failed(program, fault) for program, fault in faults if fault and fault.status == "SHAPE_ERROR"]


def _recorded(run: Path, most: int) -> Iterator[Failed]:
    """Yield the first programs of a run that failed with SHAPE_ERROR."""
    with Ledger.open(run / "corpus.db") as ledger:
        sources = {each.id: each.source for each in ledger.candidates()}
        failed = [each for each in ledger.evaluations() if each.status is EvaluationStatus.SHAPE_ERROR]
    for each in failed[:most]:
        if (source := sources[each.candidate_id]) is not None:
            yield Failed(source, Fault.of(each))


def _valid(judged: Sequence[Judged]) -> Rate:
    return wilson(sum(each.verdict == "valid" for each in judged), len(judged))


def _others(judged: Sequence[Judged]) -> str:
    counts = Counter(each.verdict for each in judged if each.verdict != "valid")
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="embedded", help="`embedded`, or a folder")
    parser.add_argument("--form", choices=("edit", "continuation"), default="edit", help="what is asked for")
    parser.add_argument("--parents", choices=("grammar", "own"), default="grammar", help="what is changed")
    parser.add_argument("--count", type=int, default=200, help="whole programs, and as many edits")
    parser.add_argument("--broken", type=int, default=100, help="programs to mend, seeded and of a run")
    parser.add_argument("--calls", type=int, default=2, help="calls within which a program is to be mended")
    parser.add_argument("--run", type=Path, help="a run whose SHAPE_ERROR programs are mended too")
    parser.add_argument("--batch", type=int, default=50, help="prompts answered at a time")
    parser.add_argument("--set", action="append", default=[], help="a setting of the run: task, cap")
    parser.add_argument("--json", action="store_true", help="print all as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
