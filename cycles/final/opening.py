"""Opens a run for its final waves, and closes the account: the only place that knows all of their parts.

This module does *not* decide anything; `cycles.final.waves` does.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from corpus.records.exchange import NO_LICENCE
from corpus.records.machines import Machine
from cycles.assembly import log_to
from cycles.config.arms import arm_of
from cycles.config.run import RunConfig
from cycles.config.trust import consented
from cycles.figures.statistics import mean_interval
from cycles.final.entrants import Standing, judged_programs
from cycles.final.folder import FinalFolder
from cycles.final.records import FinalReport, Inputs, Latency, Placing, Provenance
from cycles.final.settings import FinalSettings
from cycles.final.waves import TakenHome, Waves
from cycles.final.weights import WeightsStore, digest_of
from cycles.machine.proofs import require_proof
from cycles.run.interruption import Interruption
from cycles.run.run_directory import RunDirectory, environment
from cycles.showing.terminal import console
from cycles.showing.waves import WaveBars, WaveEvents, WaveLines, WaveObserver
from evaluator.channel.weights_file import weights_limit
from evaluator.supervisor.final.workshop import Rehearsal
from evaluator.tasks import Task, load_task
from generator.strategies.agentnas.seeds import seed_ids


@dataclass(frozen=True)
class Final:
    """The final waves of a run, and the folder that they end in.

    Attributes:
        directory: The run.
        config: Its configuration.
        waves: The waves.
        task: The task's data.
        folder: Where the network will lie.
        machine: The machine that measures.
        licence: SPDX expression of the program.
    """

    directory: RunDirectory
    config: RunConfig
    waves: Waves
    task: Task
    folder: FinalFolder
    machine: Machine
    licence: str

    def run(self) -> FinalReport:
        """Do what is left of the waves, write the folder, and return its report."""
        home = self.waves.run()
        report = self._report(home)
        source = home.winner.entrant.candidate.source or ""
        weights = home.luggage.training.weights.content
        self.folder.write(report, source=source, weights=weights, onnx=home.luggage.conversion.content)
        self.waves.store.clear()
        return report

    def _report(self, home: TakenHome) -> FinalReport:
        protocol = self.waves.settings.second_wave(self.config)
        spec = self.task.spec.resized(protocol.resize)
        shape = spec.shape
        seeds = seed_ids(judged_programs(self.waves.ledger, self.config.cycles))
        ids = [each.entrant.candidate.id for each in home.ranking]
        return FinalReport(
            settings=self.waves.settings,
            provenance=self._provenance(home),
            licence=self.licence,
            task=spec.id,
            kind=shape.kind,
            inputs=_inputs(self.task),
            in_shape=(1, *shape.input_shape),
            out_shape=shape.output_shape,
            prm=protocol.told(home.winner.entrant.candidate.hyperparameters).prm(
                home.luggage.training.declared
            ),
            mean=self.task.mean,
            std=self.task.std,
            target_mean=home.luggage.target_mean,
            target_std=home.luggage.target_std,
            validation=mean_interval(home.winner.accuracies),
            test=home.luggage.test,
            test_readings=self._test_readings(),
            first_wave=tuple(map(_placing, home.ranking)),
            first_protocols=tuple(one.protocol_id for one in home.winner.trainings),
            second_protocol=home.luggage.protocol_id,
            passed_over=home.passed_over,
            seed=next((each for each in ids if each in seeds), None),
            best_non_seed=next((each for each in ids if seeds and each not in seeds), None),
            parameters=home.winner.trainings[0].parameters,
            flops=home.winner.trainings[0].flops,
            weights_numbers=home.luggage.training.weights.numbers,
            weights_bytes=len(home.luggage.training.weights.content),
            latency=_latency(home.luggage.rehearsal),
            onnx=home.luggage.conversion.content is not None,
            onnx_note=home.luggage.conversion.note,
            trained_images=len(self.task.train) + len(self.task.val),
            machine=self.machine,
            isolation=home.luggage.isolation,
        )

    def _provenance(self, home: TakenHome) -> Provenance:
        candidate = home.winner.entrant.candidate
        source = (candidate.source or "").encode("utf-8", errors="surrogatepass")
        return Provenance(
            run=self.directory.path.resolve().name,
            run_seed=self.config.seed,
            arm=arm_of(self.config).words,
            candidate_id=candidate.id,
            cycle=candidate.cycle,
            parents=candidate.parents,
            generator=candidate.generator,
            generator_hash=candidate.generator_hash,
            adapter_hash=candidate.adapter_hash,
            source_sha256=digest_of(source),
            weights_sha256=digest_of(home.luggage.training.weights.content),
        )

    def _test_readings(self) -> int:
        """Return how many networks have a test accuracy, whatever protocol they were trained under."""
        measured = [row for row in self.waves.ledger.evaluations() if row.accuracy is not None]
        own = (row.protocol_id.partition("/") for row in measured)
        return sum(data == self.task.spec.id and "/test/" in f"/{rest}" for data, _, rest in own)


@contextmanager
def open_final(
    path: Path,
    settings: FinalSettings,
    *,
    licence: str = NO_LICENCE,
    as_json: bool = False,
    unsafe: bool = False,
    trusted: bool = False,
    load: Callable[[RunConfig], Task] | None = None,
) -> Iterator[Final]:
    """Open the run at `path` for writing and yield its final waves.

    Args:
        path: The run's directory.
        settings: How many networks, epochs and seeds.
        licence: SPDX expression of the programs.
        as_json: Whether to report progress as JSON lines.
        unsafe: Run programs without isolation this time, whatever the run's configuration says.
        trusted: The user vouches for the run's configuration.
        load: Loads the run's task; None for the usual way.

    Raises:
        Mistake: There is no run, another process writes to it, or its configuration asks for what only the
            user may ask for.
    """
    directory = RunDirectory.open(path)
    config = consented(directory.config(), str(path), unsafe=unsafe, trusted=trusted)
    screen = console()
    progress: WaveEvents | WaveBars | WaveLines = (
        WaveEvents(screen) if as_json else WaveBars(screen) if sys.stdout.isatty() else WaveLines(screen)
    )
    with (
        log_to(directory.log_file),
        LedgerWriter.open(directory.ledger_file) as ledger,
        progress as observer,
        Interruption(observer.note) as interruption,
    ):
        task = (load or task_of)(config)
        machine = Machine.model_validate(environment())
        folder = FinalFolder(path / "final")
        yield Final(
            directory=directory,
            config=config,
            waves=_waves(config, settings, ledger, task, folder, machine, observer, interruption),
            task=task,
            folder=folder,
            machine=machine,
            licence=licence,
        )


def task_of(config: RunConfig) -> Task:
    """Return the run's task with its data."""
    searched = config.evaluator
    return load_task(
        searched.task,
        searched.data_path,
        task_seed=searched.task_seed,
        train_images=searched.train_images,
    )


def _waves(
    config: RunConfig,
    settings: FinalSettings,
    ledger: LedgerWriter,
    task: Task,
    folder: FinalFolder,
    machine: Machine,
    observer: WaveObserver,
    interruption: Interruption,
) -> Waves:
    from evaluator.supervisor.final.workshop import Workshop
    from evaluator.supervisor.sandbox import SandboxedEvaluator

    require_proof(config.evaluator)
    return Waves(
        config=config,
        settings=settings,
        ledger=ledger,
        evaluator=functools.partial(SandboxedEvaluator, task=task),
        workshop=functools.partial(Workshop, task=task),
        store=WeightsStore(
            ledger=ledger,
            place=folder.path.with_name("final-weights"),
            beside=folder.weights_file,
            limit=weights_limit(config.evaluator),
        ),
        machine_id=ledger.add_machine(machine),
        observer=observer,
        interruption=interruption,
    )


def _inputs(task: Task) -> Inputs:
    if task.shape.signal:
        return "signals"
    return "images" if task.train.inputs.dtype == "uint8" else "fields"


def _latency(rehearsal: Rehearsal) -> Latency:
    return Latency(
        median_ms=1000 * rehearsal.median_seconds,
        slow_ms=1000 * rehearsal.slow_seconds,
        images=len(rehearsal.seconds),
        threads=rehearsal.threads,
    )


def _placing(standing: Standing) -> Placing:
    return Placing(
        candidate_id=standing.entrant.candidate.id,
        searched=standing.entrant.searched.accuracy or 0.0,
        accuracies=tuple(standing.accuracies),
        statuses=tuple(one.status for one in standing.trainings),
        mean=mean_interval(standing.accuracies),
        parameters=standing.trainings[0].parameters,
    )
