#!/usr/bin/env python
"""Measure at which learning rates a loss ruins the model that it teaches.

    .venv/bin/python scripts/measure_preferences.py RUN --losses kto dpo --rates 1e-4 1e-3

From all that the run at RUN has judged, an adapter is trained as the run's next cycle would train it, for
each loss and each learning rate; then each adapter, and the base model, answers the run's plain request with
the same seeds. Printed are how many of its programs build (they are not trained), how many skeletons those
have, and the mean length of an answer. The run itself is left as it is.

It does *not* say how well the programs learn: a run does.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.diversity import skeleton
from corpus.records.base import derive_seed
from corpus.records.prompts import Message, Prompt
from cycles.carrying import carrier_of
from cycles.config.run import RunConfig
from cycles.figures.statistics import wilson
from cycles.parts import build_sampler, build_sandbox, build_trainer, strategy_of, task_shape
from cycles.run.run_directory import RunDirectory
from cycles.run.starting_corpus import plain_request, replay_pool
from cycles.teaching import Teacher
from generator.prompts.extraction import extract_program
from generator.samplers.contract import in_order


class Written(NamedTuple):
    """What a model wrote.

    Attributes:
        programs: Programs asked for.
        building: How many build.
        skeletons: Distinct skeletons among those.
        tokens: Mean length of an answer.
    """

    programs: int
    building: int
    skeletons: int
    tokens: float

    def __str__(self) -> str:
        share = wilson(self.building, self.programs)
        return (
            f"{self.building:>4} of {self.programs} build, {share.value:4.0%} "
            f"({share.low:.0%}-{share.high:.0%})  {self.skeletons:>3} skeletons  {self.tokens:4.0f} tokens"
        )


def main() -> None:
    """Train and print, one line an adapter."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="archloop-preferences-") as home:
        given = RunDirectory.open(arguments.run)
        directory = RunDirectory.create(Path(home) / "run", given.config())
        shutil.copyfile(given.ledger_file, directory.ledger_file)
        with LedgerWriter.open(directory.ledger_file) as ledger:
            print(f"base model            {_written(ledger, given.config(), arguments, None)}", flush=True)
            for loss in arguments.losses:
                for rate in arguments.rates:
                    config = _changed(given.config(), loss, rate, arguments)
                    folder = Path(home) / f"{loss}-{rate:g}"
                    taught, deterred = _train(ledger, directory, config, folder)
                    found = _written(ledger, config, arguments, folder)
                    print(
                        f"{loss} at {rate:<8g}       {found}  ({taught} against {deterred} rows)", flush=True
                    )


def _changed(config: RunConfig, loss: str, rate: float, arguments: argparse.Namespace) -> RunConfig:
    """Return the run's configuration with another loss."""
    values = config.model_dump()
    values["finetune"] |= {
        "loss": loss, "learning_rate": rate, "beta": arguments.beta, "max_steps": arguments.steps,
    }  # fmt: skip
    return RunConfig.model_validate(values)


def _train(ledger: LedgerWriter, directory: RunDirectory, config: RunConfig, folder: Path) -> tuple[int, int]:
    """Train what the next cycle would, into `folder`; return the rows learnt, and those learnt against."""
    shape = task_shape(config)
    trainer = build_trainer(config)
    teacher = Teacher(
        ledger=ledger,
        directory=directory,
        teaching=config.teaching,
        config=config.finetune,
        template=config.generator.template,
        request=plain_request(config, shape),
        seed=config.seed,
        trainer=lambda: trainer,
        replay=lambda: replay_pool(ledger, config, shape),
        lesson_of=strategy_of(config, ledger).lesson,
        make_room=lambda: None,
    )
    lesson = teacher.lesson(len(ledger.completed_cycles()))
    if lesson is None or not lesson.enough:
        sys.exit("the run has too little to teach")
    job = teacher.job(lesson, lambda *_: None)
    result = trainer.train(
        type(job)(job.examples, folder, job.seed, rejected=job.rejected, previous=job.previous)
    )
    return result.examples, result.rejected


def _written(
    ledger: LedgerWriter, config: RunConfig, arguments: argparse.Namespace, adapter: Path | None
) -> Written:
    """Return what the model with `adapter` writes."""
    request = plain_request(config, task_shape(config))
    prompts = [_prompt(request, config, place) for place in range(arguments.programs)]
    with build_sampler(config) as sampler:
        samples = list(in_order(prompts, sampler.sample(prompts, adapter)))
    sources = [source for each in samples if (source := extract_program(each.text)) is not None]
    with build_sandbox(config) as sandbox:
        probes = carrier_of(ledger).sandbox(sandbox).probe(sources) if sources else []
    building = [source for source, probe in zip(sources, probes, strict=True) if probe.passed]
    tokens = sum(each.token_count for each in samples) / len(samples)
    return Written(len(prompts), len(building), len({skeleton(source) for source in building}), tokens)


def _prompt(request: tuple[Message, ...], config: RunConfig, place: int) -> Prompt:
    return Prompt(
        id=f"p{place:04d}",
        strategy="measure",
        template=config.generator.template,
        messages=request,
        seed=derive_seed(config.seed, "measure-preferences", place),
    )


def _arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure at which learning rates a loss ruins a model.")
    parser.add_argument("run", type=Path, help="a run's directory; it is only read")
    parser.add_argument("--losses", nargs="+", default=["kto", "dpo"], choices=["sft", "kto", "dpo"])
    parser.add_argument("--rates", nargs="+", type=float, default=[1e-4, 1e-3], help="learning rates")
    parser.add_argument("--beta", type=float, default=0.1, help="finetune.beta")
    parser.add_argument("--steps", type=int, default=120, help="finetune.max_steps")
    parser.add_argument("--programs", type=int, default=48, help="programs that each adapter writes")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
