"""Measures in some ten seconds what a run will cost on this machine: its own sampler, evaluator and trainer,
on a few programs.

Programs of the grammar are judged beside the sampled ones: they are nearly always valid, so they show what a
program will cost once the generator has learnt. `cycles.preflight.estimate` makes a forecast of it. This
module does *not* measure what would first have to be started for minutes (a vLLM engine) or loaded twice (a
large model); `Calibration.notes` says so.
"""

from __future__ import annotations

import functools
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide
from corpus.records.base import Record
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation
from corpus.records.prompts import Prompt
from corpus.records.trainings import TrainingExample
from cycles.carrying import carrier_for
from cycles.config.run import RunConfig
from cycles.parts import build_sampler, build_sandbox, build_trainer, task_shape
from cycles.run.asking import plain_proposals
from cycles.run.starting_corpus import plant, replay_pool
from cycles.writing import Writer
from finetune.job import TrainingJob
from generator.models.places import resolve_model

SECONDS = 5.0
"""About how long programs are judged. Sampling a batch and four training steps take as long as they take: for
the embedded model on two idle cores, some seconds more."""

_BATCH = 24
_GRAMMAR_PROGRAMS = 6
_STEPS = 4
_PATIENCE_SECONDS = 60.0
_QUICK_TO_LOAD_BYTES = 100 * 2**20


class Calibration(Record):
    """What was measured.

    Attributes:
        batch: Size of the sampled batch; 0 where none was.
        batch_seconds: Wall seconds that it took.
        judged: Programs judged.
        judge_seconds: Wall seconds of judging one program as the generator writes them today, over the number
            of workers.
        valid_seconds: The same for valid programs alone.
        step_seconds: Wall seconds of one optimiser step, None where it was not measured.
        training_start_seconds: What a fine-tuning takes beside its steps: loading and writing.
        start_seconds: Loading the model and starting the sandbox.
        ledger_bytes: Size of the ledger before the first cycle.
        candidate_bytes: What one candidate adds to it.
        adapter_bytes: Size of an adapter's directory, None where none was trained.
        notes: What was not measured, and why.
    """

    batch: int
    batch_seconds: float
    judged: int
    judge_seconds: float
    valid_seconds: float
    step_seconds: float | None
    training_start_seconds: float
    start_seconds: float
    ledger_bytes: int
    candidate_bytes: float
    adapter_bytes: int | None
    notes: tuple[str, ...] = ()


def calibrate(config: RunConfig, seconds: float = SECONDS) -> Calibration:
    """Run a few programs through the parts of the run, in a temporary directory that is removed again.

    Args:
        config: The run's configuration.
        seconds: About how long to judge programs.

    Raises:
        SandboxError, UpstreamError, ModelNotFoundError: A part cannot be started, as in a run.
    """
    notes: list[str] = []
    # Enough rows for a fine-tuning batch or two; a run's own number changes nothing that is measured here.
    seeds = max(_GRAMMAR_PROGRAMS, config.finetune.batch_size)
    small = config.model_copy(update={"corpus": config.corpus.model_copy(update={"seed_programs": seeds})})
    shape = task_shape(config)
    with tempfile.TemporaryDirectory(prefix="archloop-calibration-") as home:
        with LedgerWriter.create(Path(home, "corpus.db")) as ledger:
            plant(ledger, small, shape)
            programs = ledger.candidates(origin=Origin.SEED)
            rows = replay_pool(ledger, small, shape)
        path = Path(home, "ledger.db")
        with LedgerWriter.create(path) as ledger:
            plant(ledger, config, shape)
        empty = path.stat().st_size
        with LedgerWriter.open(path) as ledger:
            start, batch_seconds, sampled = _sampled(ledger, config, notes)
            judge_start, evaluations = _judged(config, sampled, programs[:_GRAMMAR_PROGRAMS], seconds)
            _note_judgements(ledger, config, evaluations)
        grown = path.stat().st_size - empty
        step, training_start, adapter = _trained(config, rows, Path(home, "adapter"), notes)
    if config.generator.samples_per_place > 1 and config.generator.ranked_by != "chance":
        notes.append("ranking the samples of each place was not measured")
    if config.generator.redraw_broken:
        notes.append("drawing again what builds no network was not measured")
    if config.scale.engine == "ray":
        notes.append("judging was measured with this machine's workers; a cluster's was not")
    workers = min(config.evaluator.workers, len(os.sched_getaffinity(0)))
    written = {candidate.id for candidate in sampled}
    seconds_of = {each.candidate_id: each.wall_seconds / workers for each in evaluations}
    return Calibration(
        batch=len(sampled),
        batch_seconds=batch_seconds,
        judged=len(evaluations),
        judge_seconds=_mean(each for key, each in seconds_of.items() if key in written),
        valid_seconds=_mean(seconds_of[each.candidate_id] for each in evaluations if each.valid),
        step_seconds=step,
        training_start_seconds=training_start,
        start_seconds=start + judge_start,
        ledger_bytes=empty,
        candidate_bytes=grown / len(sampled) if sampled else 0.0,
        adapter_bytes=adapter,
        notes=tuple(notes),
    )


def _sampled(
    ledger: LedgerWriter, config: RunConfig, notes: list[str]
) -> tuple[float, float, list[Candidate]]:
    """Return the seconds to load the sampler, those of one batch, and the batch as the ledger has it."""
    settings = config.generator
    if config.strategy.asks_model and settings.uses_vllm and settings.weights_here:
        notes.append("sampling was not measured: that would start vLLM, which takes minutes")
        return 0.0, 0.0, []
    writer = Writer(
        ledger=ledger,
        sampler=functools.cache(lambda: build_sampler(config)),
        sampling=settings.sampling,
        batch_size=settings.batch_size,
        in_force=lambda _cycle: (None, None),
        generator_hash=lambda: None,
        machine_id=None,
    )
    started = time.monotonic()
    first = _cycle(writer, config, 0, 1)  # samplers load when they are first asked
    loaded = time.monotonic()
    if loaded - started > _PATIENCE_SECONDS:
        notes.append("only one program was sampled, as that took long enough")
        return 0.0, loaded - started, first
    batch = _cycle(writer, config, 1, min(_BATCH, settings.batch_size))
    return loaded - started, time.monotonic() - loaded, batch


def _cycle(writer: Writer, config: RunConfig, cycle: int, size: int) -> list[Candidate]:
    """Write a cycle of so many candidates under the base model."""
    proposals = plain_proposals(config, cycle, size)
    writer.ledger.add_prompts(cycle, [each.program for each in proposals if isinstance(each.program, Prompt)])
    for _ in writer.write(cycle, dict(enumerate(proposals)), lambda: None):
        pass
    return writer.ledger.candidates(cycle=cycle)


def _note_judgements(ledger: LedgerWriter, config: RunConfig, evaluations: Sequence[Evaluation]) -> None:
    """Append the judgements of the candidates that stand in the ledger, as a run would."""
    known = {candidate.id for candidate in ledger.candidates(origin=Origin.SAMPLED)}
    for evaluation in evaluations:
        if evaluation.candidate_id in known:
            ledger.add_judgement(evaluation, decide(evaluation, None, config.corpus))


def _judged(
    config: RunConfig, sampled: Sequence[Candidate], programs: Sequence[Candidate], seconds: float
) -> tuple[float, list[Evaluation]]:
    """Return the seconds to start the sandbox, and the evaluations that fitted into the time."""
    started = time.monotonic()
    with build_sandbox(config) as evaluator:
        ready = time.monotonic()
        # Mixed, so that both kinds were judged when time is up; the sampled ones are the cheaper.
        mixed = chain.from_iterable(zip_longest(programs, sampled[::3], sampled[1::3], sampled[2::3]))
        carrier = carrier_for(config, task_shape(config))
        results = evaluator.evaluate([carrier.candidate(each) for each in mixed if each is not None])
        return ready - started, list(_until(results, ready + seconds))


def _until(results: Iterator[Evaluation], deadline: float) -> Iterator[Evaluation]:
    for result in results:
        yield result
        if time.monotonic() > deadline:
            return


def _trained(
    config: RunConfig, rows: Sequence[TrainingExample], directory: Path, notes: list[str]
) -> tuple[float | None, float, int | None]:
    """Return the seconds of a step, those of a fine-tuning beside its steps, and the adapter's size."""
    if not config.learns:
        return None, 0.0, None
    model = resolve_model(config.generator.model)
    files = model.glob("*.safetensors") if isinstance(model, Path) else []
    size = sum(file.stat().st_size for file in files)
    if not size or size > _QUICK_TO_LOAD_BYTES:
        notes.append("fine-tuning was not measured: a model of this size would have to be loaded once more")
        return None, 0.0, None
    settings = {"max_steps": _STEPS, "epochs": 1000, "min_examples": 1, "start": "base", "warmup_steps": 0}
    trial = config.model_copy(update={"finetune": config.finetune.model_copy(update=settings)})
    times: list[float] = []
    started = time.monotonic()
    build_trainer(trial).train(
        TrainingJob(
            rows,
            directory,
            config.seed,
            on_step=lambda _step, _steps, _loss: times.append(time.monotonic()),
        )
    )
    whole = time.monotonic() - started
    step = (times[-1] - times[0]) / (len(times) - 1)
    size_on_disk = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    return step, max(0.0, whole - step * len(times)), size_on_disk


def _mean(values: Iterable[float]) -> float:
    """Return the mean, 0.0 over nothing."""
    known = list(values)
    return sum(known) / len(known) if known else 0.0
