"""Puts a run together: opens its directory and ledger, and gives the loop its parts.

With `cycles.parts` the only place that knows every concrete class. Parts are built when first asked for, so
that a resumed run whose cycles are all judged loads no model, and a run that nobody teaches never imports a
trainer.
"""

from __future__ import annotations

import functools
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from corpus.ledger.errors import LedgerError
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import AdmissionGate
from corpus.records.machines import Machine
from corpus.records.tasks.shape import TaskShape
from cycles.bench import RunBench
from cycles.carrying import Judging, note_carrying
from cycles.config.run import RunConfig
from cycles.config.trust import consented
from cycles.figures.quantities import counted
from cycles.judging import Evaluator, Judge
from cycles.limits.budget import Budget
from cycles.limits.stopping import Stopping
from cycles.loop import Loop
from cycles.modules.stock import stock
from cycles.observer import Observer
from cycles.parts import (
    base_model_hash,
    build_sampler,
    build_sandbox,
    build_supernet,
    build_table,
    build_trainer,
    exemplars_drawn,
    strategy_of,
    task_shape,
)
from cycles.predicting.ranking import builds_of, choosing_of
from cycles.preflight.conditions import conditions
from cycles.run.bringing_in import bring_in
from cycles.run.ideas import ideas_of, keep_ideas
from cycles.run.interruption import Interruption
from cycles.run.making import run_made
from cycles.run.models import check_model
from cycles.run.run_directory import RunDirectory, environment
from cycles.run.sharing import SharedSampler
from cycles.run.starting_corpus import plain_request, plant, program_request, replay_pool
from cycles.scale.cluster import check_ray
from cycles.search import Search
from cycles.showing.progress import JsonProgress, PlainProgress, TerminalProgress
from cycles.showing.terminal import console
from cycles.showing.tracking import tracked
from cycles.teachers.guard import Guard
from cycles.teachers.imported import ImprovedUpon, imported_exemplars
from cycles.teaching import Teacher
from cycles.writing import Writer
from evaluator.errors import SandboxError
from generator.deciders.building import build_decider
from generator.samplers.contract import UpstreamError

if TYPE_CHECKING:
    from cycles.scale.judging import RayEvaluator
    from evaluator.supernet.inherited import SupernetEvaluator
    from evaluator.supervisor.sandbox import SandboxedEvaluator
    from evaluator.tabular.answering import TabularEvaluator

Started = TypeVar("Started", "SandboxedEvaluator", "RayEvaluator", "TabularEvaluator", "SupernetEvaluator")


def start_run(path: Path, config: RunConfig) -> RunDirectory:
    """Make a new run and plant its starting corpus, after checking what can be checked beforehand.

    Raises:
        Mistake: The directory is in use, the strategy cannot search the space, or the task, the model or a
            device is not there or cannot be used.
        OSError: The directory cannot be written to. Whatever is raised, nothing of it stays.
    """
    for check in conditions(config):
        check()
    shape = task_shape(config)
    with run_made(path, config) as directory:
        check_model(config)  # takes seconds, so only once the place is known to be good
        with open_ledger(directory.ledger_file) as ledger:
            note_carrying(ledger, config, shape)
            _furnish(ledger, config, shape)
    return directory


def _furnish(ledger: LedgerWriter, config: RunConfig, shape: TaskShape) -> None:
    """Put into a run's ledger what the run is made with, and what a kill has kept out of it."""
    stock(ledger, config)
    keep_ideas(ledger, config)
    plant(ledger, config, shape)
    bring_in(ledger, config)


@contextmanager
def open_loop(
    path: Path, *, as_json: bool = False, unsafe: bool = False, trusted: bool = False
) -> Iterator[Loop]:
    """Open the run at `path` for writing and yield its loop, wherever it stopped before.

    Args:
        path: The run's directory.
        as_json: Whether to report progress as JSON lines.
        unsafe: Run programs without isolation this time, whatever the run's configuration says.
        trusted: The user vouches for the run's configuration.

    Raises:
        ConfigError: It asks for what only the user may ask for (`cycles.config.trust`).
    """
    directory = RunDirectory.open(path)
    config = consented(directory.config(), str(path), unsafe=unsafe, trusted=trusted)
    screen = console()
    if as_json:
        progress: JsonProgress | TerminalProgress | PlainProgress = JsonProgress(screen)
    else:
        progress = TerminalProgress(screen) if sys.stdout.isatty() else PlainProgress(screen)
    check_ray(config)
    with log_to(directory.log_file), open_ledger(directory.ledger_file) as ledger, ExitStack() as running:
        _furnish(ledger, config, task_shape(config))
        with progress as observer, Interruption(observer.note) as interruption:
            if place := config.teaching.imported_from:
                observer.note(f"{counted(len(ledger.provenance()), 'imported program')} ({place})")
            yield _loop(config, directory, ledger, running, observer, interruption)


def _loop(
    config: RunConfig,
    directory: RunDirectory,
    ledger: LedgerWriter,
    running: ExitStack,
    observer: Observer,
    interruption: Interruption,
) -> Loop:
    """Return the loop of a run, with all its parts; what they start, ends with `running`."""
    shape, strategy = task_shape(config), strategy_of(config, ledger)
    server_log = directory.log_file.with_name("vllm.log")
    sampler = SharedSampler(
        lambda: running.enter_context(build_sampler(config, server_log, observer.note)), config.sharing
    )
    carrier = note_carrying(ledger, config, shape)

    @functools.cache
    def sandbox() -> Judging:
        if config.scale.engine == "ray":
            from cycles.scale.judging import RayEvaluator

            crew = RayEvaluator(
                config.scale, config.evaluator, machine=ledger.add_machine, note=observer.note
            )
            return carrier.sandbox(_started(crew, running, directory, observer.note))
        return carrier.sandbox(_started(build_sandbox(config), running, directory, observer.note))

    examiner: Callable[[], Evaluator] = sandbox
    if config.evaluator.supernet:
        nets = directory.path / "supernet"
        examiner = functools.cache(
            lambda: _started(build_supernet(config, nets), running, directory, observer.note)
        )
    elif config.evaluator.table is not None:
        examiner = functools.cache(lambda: _started(build_table(config), running, directory, observer.note))
    machine_id = ledger.add_machine(Machine.model_validate(environment()))
    request, wanted = plain_request(config, shape), program_request(config, shape)
    template, exemplars, draw = config.generator.template, config.generator.exemplars, exemplars_drawn(config)
    imported = functools.cache(
        functools.partial(imported_exemplars, ledger, config.teaching, config.generator.max_new_tokens)
    )
    guard = Guard(
        ledger=ledger,
        programs=config.teaching.guard,
        template=template,
        request=request,
        seed=config.seed,
        sampler=sampler,
        sandbox=sandbox,
    )
    teacher = Teacher(
        ledger=ledger,
        directory=directory,
        teaching=config.teaching,
        config=config.finetune,
        template=template,
        request=request,
        seed=config.seed,
        trainer=functools.cache(functools.partial(build_trainer, config)),
        replay=functools.partial(replay_pool, ledger, config, shape),
        lesson_of=strategy.lesson,
        make_room=sampler.make_room,
        guard=guard if config.teaching.guard else None,
        asked=ImprovedUpon(imported, wanted, template, exemplars, draw, config.seed),
    )
    bench = RunBench(
        ledger=ledger,
        request=wanted,
        template=template,
        exemplar_count=exemplars,
        run_seed=config.seed,
        candidates=config.candidates,
        decider=functools.cache(lambda: build_decider(config.strategy.llm, sampler)),
        sandbox=sandbox,
        in_force=teacher.adapter_of,
        ideas=ideas_of(ledger),
        draw=draw,
        imported=imported,
    )
    beside = functools.cache(lambda: running.enter_context(build_sandbox(config)))
    writer = Writer(
        ledger=ledger,
        sampler=sampler,
        sampling=config.generator.sampling,
        batch_size=config.generator.batch_size,
        in_force=teacher.adapter_of,
        generator_hash=functools.cache(functools.partial(base_model_hash, config)),
        machine_id=machine_id,
        redraws=config.generator.redraws,
        builds=builds_of(config, carrier, beside),
        choosing=choosing_of(config, ledger, carrier, beside),
    )
    gate = AdmissionGate.from_ledger(ledger, config.corpus)
    return Loop(
        config=config,
        directory=directory,
        ledger=ledger,
        teacher=teacher,
        search=Search(ledger, strategy, bench),
        writer=writer,
        judging=Judge(
            ledger=ledger,
            gate=gate,
            evaluator=examiner,
            machine_id=machine_id,
            stopping=Stopping(ledger, config.stopping),
        ),
        observer=tracked(observer, config, directory.path),
        interruption=interruption,
        budget=Budget.of(config.budget, ledger, config.cycles, lambda: bench.token_count),
    )


def open_ledger(path: Path) -> LedgerWriter:
    """Open a run's ledger for writing, or make it where the run stopped before it had one."""
    return LedgerWriter.open(path) if path.exists() else LedgerWriter.create(path)


@contextmanager
def passing_log() -> Iterator[Path]:
    """Yield a place for a server's log that belongs to no run; it stays only where the server fails."""
    home = Path(tempfile.mkdtemp(prefix="archloop-vllm-"))
    try:
        yield home / "vllm.log"
    except UpstreamError:  # its message names the log
        with suppress(OSError):
            home.rmdir()  # unless there is none: another's server failed
        raise
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    shutil.rmtree(home, ignore_errors=True)


def _started(
    evaluator: Started, running: ExitStack, directory: RunDirectory, note: Callable[[str], None]
) -> Started:
    """Return an evaluator, started until `running` ends, after saying how it contains programs."""
    started = running.enter_context(evaluator)
    note(f"Sandbox: {started.isolation}")
    directory.record_isolation(str(started.tier or "none"), started.isolation)
    return started


@contextmanager
def log_to(path: Path) -> Iterator[None]:
    """Send the log to a file of the run while the block runs, and what breaks the run with its traceback."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    breakage = logging.Logger("archloop")  # for the file alone: standard error hears of it from `main`
    breakage.addHandler(handler)
    try:
        yield
    except (LedgerError, SandboxError, UpstreamError, OSError):
        breakage.exception("The run stopped; what is finished is kept.")
        raise
    finally:
        root.removeHandler(handler)
        handler.close()
