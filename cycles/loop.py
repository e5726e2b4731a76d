"""The closed loop, to be read first: a generator writes programs, the winners teach it, and it writes again.

    train     LoRA on the winners of all earlier cycles     (not in cycle 0, not in the frozen control)
    generate  prompts -> completions -> candidates
    judge     evaluate in the sandbox, decide on admission
    complete  the cycle's row and its report

Every stage asks the ledger what is already done and does the rest, so running it again *is* resuming: there
are no counters to restore. All seeds are derived from the run's seed and the place in the run, so a resumed
run gives what an unbroken one gives. The parts come in as arguments; nothing here knows which model,
sandbox or trainer it drives.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide
from corpus.novelty.index import NoveltyIndex
from corpus.novelty.structure_index import StructureIndex
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation
from corpus.records.prompts import Completion, Prompt
from corpus.records.trainings import TrainingExample, TrainingResult
from cycles.config.run import RunConfig
from cycles.figures.cycle_report import cycle_report, run_reports, write_metrics
from cycles.figures.records import CycleReport
from cycles.observer import Observer
from cycles.run.interruption import Interruption
from cycles.run.run_directory import RunDirectory
from cycles.run.selection import training_set
from finetune.adapter import finished_result
from finetune.examples import select_examples
from finetune.job import Trainer, TrainingJob
from generator.prompts.extraction import extract_program
from generator.prompts.templates import expected_completion
from generator.samplers.contract import Sample, Sampler, in_order
from generator.strategies.contract import Strategy


class Evaluator(Protocol):
    """Judges candidates; whatever they do, it returns an evaluation."""

    def evaluate(self, candidates: Iterable[Candidate]) -> Generator[Evaluation, None, None]:
        """Yield the evaluations in the order of the candidates; closing the iterator stops the work."""
        ...


@dataclass
class Loop:
    """One run: its configuration and directory, its ledger, and the parts that do the work."""

    config: RunConfig
    directory: RunDirectory
    ledger: LedgerWriter
    novelty: NoveltyIndex
    structures: StructureIndex
    strategy: Strategy
    sampler: Callable[[], Sampler]
    make_room: Callable[[], None]
    evaluator: Callable[[], Evaluator]
    trainer: Callable[[], Trainer]
    replay: Callable[[], Sequence[TrainingExample]]
    generator_hash: Callable[[], str | None]
    machine_id: str
    observer: Observer
    interruption: Interruption

    def run(self) -> None:
        """Run every cycle that is not complete."""
        while (cycle := self.current_cycle()) is not None:
            self.run_cycle(cycle)

    def current_cycle(self) -> int | None:
        """Return the first cycle that is not complete, or None when all are."""
        return next((c for c in range(self.config.cycles) if not self.ledger.is_complete(c)), None)

    def run_cycle(self, cycle: int) -> CycleReport:
        """Do what is left of one cycle and return its report."""
        self.train(cycle)
        self.generate(cycle)
        self.judge(cycle)
        return self.complete(cycle)

    def train(self, cycle: int) -> None:
        """Fine-tune the adapter that writes `cycle`, unless that is done or the arm trains nothing."""
        if cycle == 0 or not self.config.learns or self.ledger.training(cycle):
            return
        continuing = self.config.finetune.start == "previous"
        taught = [cycle - 1] if continuing else list(range(cycle))
        chosen = training_set(self.ledger, self.config.control, taught, self.config.seed)
        if len(chosen) < self.config.finetune.min_examples:
            needed = self.config.finetune.min_examples
            self.observer.note(
                f"cycle {cycle}: {len(chosen)} winners so far, fine-tuning starts at {needed}; "
                "the generator stays as it is"
            )
            return
        seed = derive_seed(self.config.seed, "train", cycle)
        winners = [self._example(candidate) for candidate in chosen]
        examples = select_examples(winners, self.replay(), self.config.finetune.replay, seed)
        adapter = self.directory.adapter(cycle)
        # An adapter without a row in the ledger was finished just before the run stopped.
        result = finished_result(adapter)
        if result is None:
            with self._stage(cycle, "train", self.config.finetune.planned_steps(len(examples))):
                self.make_room()  # where sampler and trainer take turns on one device
                result = self.trainer().train(
                    TrainingJob(
                        examples,
                        output_dir=adapter,
                        seed=seed,
                        previous=self._adapter(cycle - 1) if continuing else None,
                        on_step=self._on_training_step,
                    )
                )
        self.ledger.record_training(cycle, result, [candidate.id for candidate in chosen])

    def generate(self, cycle: int) -> None:
        """Sample the candidates of `cycle` that are missing, one batch and one transaction at a time."""
        prompts = self._prompts(cycle)
        written = {candidate.prompt_id for candidate in self.ledger.candidates(cycle=cycle)}
        size = self.config.generator.batch_size
        batches = [prompts[start : start + size] for start in range(0, len(prompts), size)]
        # A batch is written whole or not at all, and drawn again whole: its rows may depend on one another in
        # the last bit of a matrix product.
        missing = [batch for batch in batches if batch[0].id not in written]
        if not missing:
            return
        adapter = self._adapter(cycle)
        training = self._training_in_force(cycle)
        sampler = self.sampler()
        with self._stage(cycle, "generate", sum(len(batch) for batch in missing)):
            for batch in missing:
                completions = self._answered(sampler.sample(batch, adapter), batch)
                first = prompts.index(batch[0])
                self.ledger.add_candidates(
                    [
                        self._candidate(cycle, first + offset, completion, sampler.model_name, training)
                        for offset, completion in enumerate(completions)
                    ]
                )
                self.interruption.check()

    def judge(self, cycle: int) -> None:
        """Evaluate the candidates of `cycle` in order, and decide on each before the next."""
        pending = self.ledger.unevaluated(cycle)
        if not pending:
            return
        with (
            self._stage(cycle, "judge", len(pending)),
            closing(self.evaluator().evaluate(pending)) as results,
        ):
            for candidate, result in zip(pending, results, strict=True):
                evaluation = result.model_copy(update={"machine_id": result.machine_id or self.machine_id})
                source = candidate.source if evaluation.valid else None
                neighbour = self.novelty.nearest(source) if source else None
                twin = self.structures.twin(evaluation) if evaluation.valid else None
                admission = decide(evaluation, neighbour, self.config.corpus, twin)
                self.ledger.add_judgement(evaluation, admission)
                if admission.admitted and source:
                    self.novelty.add(candidate.id, source)
                    self.structures.add(evaluation)
                self.observer.judged(evaluation, admission)
                self.interruption.check()

    def complete(self, cycle: int) -> CycleReport:
        """Mark `cycle` as complete in the ledger and bring metrics.jsonl up to date."""
        self.ledger.complete_cycle(cycle)
        write_metrics(run_reports(self.ledger, self.config), self.directory.metrics_file)
        report = cycle_report(self.ledger, cycle, self.config)
        self.observer.cycle_finished(report)
        return report

    def _prompts(self, cycle: int) -> list[Prompt]:
        prompts = self.ledger.prompts(cycle)
        if not prompts:
            prompts = self.strategy.propose(self.ledger, cycle, self.config.candidates)
            self.ledger.add_prompts(cycle, prompts)
        return prompts

    def _answered(self, samples: Generator[Sample, None, None], prompts: Sequence[Prompt]) -> list[Sample]:
        """Return the completions in the order of `prompts`, showing each as it is finished."""
        answered = []
        with closing(samples):
            for sample in samples:
                answered.append(sample)
                self.observer.advanced()
        return list(in_order(prompts, answered))

    def _candidate(
        self, cycle: int, index: int, completion: Completion, model: str, training: TrainingResult | None
    ) -> Candidate:
        return Candidate(
            id=f"c{cycle:03d}/{index:04d}",
            origin=Origin.SAMPLED,
            source=extract_program(completion.text),
            completion=completion.text,
            finish_reason=completion.finish_reason,
            token_count=completion.token_count,
            prompt_id=completion.prompt_id,
            cycle=cycle,
            index=index,
            generator=model,
            generator_hash=self.generator_hash(),
            adapter_hash=training.adapter_hash if training else None,
            machine_id=self.machine_id,
            sampling=self.config.generator.sampling,
        )

    def _example(self, candidate: Candidate) -> TrainingExample:
        assert candidate.prompt_id is not None and candidate.source is not None, candidate.id
        prompt = self.ledger.prompt(candidate.prompt_id)
        completion = expected_completion(self.config.generator.template, candidate.source)
        return TrainingExample(candidate_id=candidate.id, prompt=prompt.messages, completion=completion)

    def _training_in_force(self, cycle: int) -> TrainingResult | None:
        """Return the fine-tuning behind the candidates of `cycle`: its own, or the last one before it."""
        return next((row for past in range(cycle, 0, -1) if (row := self.ledger.training(past))), None)

    def _adapter(self, cycle: int) -> Path | None:
        return next(
            (self.directory.adapter(past) for past in range(cycle, 0, -1) if self.ledger.training(past)), None
        )

    def _on_training_step(self, _step: int, _total: int, loss: float) -> None:
        self.observer.advanced(detail=f"loss {loss:.3f}")
        self.interruption.check()

    @contextmanager
    def _stage(self, cycle: int, name: str, total: int) -> Iterator[None]:
        """Show a stage and record the wall time of what was done of it, also when it is interrupted."""
        self.observer.stage_started(cycle, name, total)
        start = time.monotonic()
        try:
            yield
        finally:
            self.ledger.record_stage(cycle, name, time.monotonic() - start)
        self.observer.stage_finished()
