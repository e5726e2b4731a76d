"""Puts a run together: opens its directory and ledger, and gives the loop its parts.

The only place that knows every concrete class. Parts are built when first asked for, so that a resumed run
whose cycles are all judged loads no model, and the frozen control never imports a trainer.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from corpus.novelty import NoveltyIndex
from corpus.store import Corpus
from cycles.config import RunConfig
from cycles.interruption import Interruption
from cycles.loop import Evaluator, Loop, Trainer
from cycles.progress import JsonProgress, PlainProgress, TerminalProgress
from cycles.run_directory import RunDirectory
from cycles.starting_corpus import plant, program_request, replay_pool
from evaluator.tasks import task_spec
from generator.models import resolve_model
from generator.sampling import Sampler
from generator.strategy import ClosedLoop, Strategy


def start_run(path: Path, config: RunConfig) -> RunDirectory:
    """Make a new run and plant its starting corpus, after checking what can be checked beforehand.

    Raises:
        UsageError: The directory is in use or cannot be written to.
        ValueError: The task or the model is not there (with the remedy).
    """
    resolve_model(config.generator.model)
    directory = RunDirectory.create(path, config)
    with open_corpus(directory.corpus_file) as corpus:
        plant(corpus, config, task_spec(config.evaluator.task).shape)
    return directory


@contextmanager
def open_loop(path: Path, *, as_json: bool = False) -> Iterator[Loop]:
    """Open the run at `path` for writing and yield its loop, wherever it stopped before."""
    directory = RunDirectory.open(path)
    config = directory.config()
    shape = task_spec(config.evaluator.task).shape
    console = Console(soft_wrap=as_json)
    if as_json:
        progress: JsonProgress | TerminalProgress | PlainProgress = JsonProgress(console)
    else:
        progress = TerminalProgress(console) if sys.stdout.isatty() else PlainProgress(console)
    with log_to(directory.log_file), open_corpus(directory.corpus_file) as corpus, ExitStack() as running:
        plant(corpus, config, shape)
        with progress as observer, Interruption(observer.note) as interruption:
            yield Loop(
                config=config,
                directory=directory,
                corpus=corpus,
                novelty=NoveltyIndex.from_corpus(corpus, config.corpus),
                strategy=build_strategy(config),
                sampler=functools.cache(functools.partial(build_sampler, config)),
                evaluator=functools.cache(lambda: running.enter_context(build_evaluator(config))),
                trainer=functools.cache(functools.partial(build_trainer, config)),
                replay=functools.partial(replay_pool, corpus, config, shape),
                observer=observer,
                interruption=interruption,
            )


def open_corpus(path: Path) -> Corpus:
    """Open a run's ledger for writing, or make it where the run stopped before it had one."""
    return Corpus.open(path) if path.exists() else Corpus.create(path)


def build_strategy(config: RunConfig) -> Strategy:
    """Return the closed loop's own strategy for the configured task."""
    return ClosedLoop(
        program_request(config, task_spec(config.evaluator.task).shape),
        template=config.generator.template,
        exemplars=config.generator.exemplars,
        seed=config.seed,
    )


def build_sampler(config: RunConfig) -> Sampler:
    """Return the sampler that the configuration names."""
    if config.generator.sampler == "grammar":
        from generator.grammar_sampler import GrammarSampler

        shape = task_spec(config.evaluator.task).shape
        return GrammarSampler(shape, max_parameters=config.evaluator.max_parameters)
    from generator.transformers_sampler import TransformersSampler

    return TransformersSampler(
        resolve_model(config.generator.model),
        config.generator.sampling,
        batch_size=config.generator.batch_size,
        threads=config.generator.threads,
        device=config.generator.device,
    )


def build_evaluator(config: RunConfig) -> AbstractContextManager[Evaluator]:
    """Return the sandboxed evaluator, not yet started."""
    from evaluator.sandbox import SandboxedEvaluator

    return SandboxedEvaluator(config.evaluator)


def build_trainer(config: RunConfig) -> Trainer:
    """Return the LoRA trainer over the generator's own model."""
    from finetune.trainer import LoraTrainer

    return LoraTrainer(resolve_model(config.generator.model), config.finetune)


@contextmanager
def log_to(path: Path) -> Iterator[None]:
    """Send the log to a file of the run while the block runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
