"""The teacher: which programs the generator learns from next, and which adapter it has on.

    teaching         whose programs they are (`cycles.teachers`)
    finetune.start   "base": every fine-tuning starts from the base model, with all that was ever chosen;
                     "previous": it continues the last adapter, with what was chosen since that was trained
    teaching.late    cycle k learns from the cycles before k - 1, so that its fine-tuning runs beside k - 1

A program is taught as the answer to the prompt that it answered; one that no prompt asked for as the answer
to the run's plain request; unless the strategy makes another lesson of it. The teacher does *not* train: a
trainer that is passed in does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.prompts import Message
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample, TrainingResult
from cycles.config.teaching import Teachers, TeachingConfig
from cycles.run.background import Background
from cycles.run.interruption import Interrupted
from cycles.run.run_directory import RunDirectory
from cycles.teachers.selection import training_set
from finetune.adapter import finished_result
from finetune.config import FinetuneConfig
from finetune.examples import select_examples
from finetune.job import StepCallback, Trainer, TrainingJob
from generator.prompts.templates import TemplateName, expected_completion


@dataclass(frozen=True)
class Lesson:
    """What the generator of one cycle is to learn.

    Attributes:
        cycle: The cycle that it will write.
        teachers: The candidates that teach it, in the order of the ledger.
        required: How many it takes for a fine-tuning.
        previous: The adapter to continue, None for a start from the base model.
    """

    cycle: int
    teachers: Sequence[Candidate]
    required: int
    previous: Path | None

    @property
    def enough(self) -> bool:
        """Whether there are enough teachers for a fine-tuning."""
        return len(self.teachers) >= self.required


@dataclass
class Teacher:
    """Knows who teaches, what was taught, and the adapter in force.

    Attributes:
        ledger: Where the fine-tunings are appended.
        directory: Where the adapters are.
        teaching: Whose programs are taught.
        config: How they become an adapter.
        template: The prompt template of the run.
        request: The run's plain request, as a chat.
        seed: The run's seed.
        trainer: Returns who trains, built when it is first asked for.
        replay: Returns the rows of the starting corpus.
        lesson_of: What a trial teaches, given its program as a plain answer; None for nothing.
        make_room: Has the sampler give its memory back where the two take turns on one device.
    """

    ledger: LedgerWriter
    directory: RunDirectory
    teaching: TeachingConfig
    config: FinetuneConfig
    template: TemplateName
    request: tuple[Message, ...]
    seed: int
    trainer: Callable[[], Trainer]
    replay: Callable[[], Sequence[TrainingExample]]
    lesson_of: Callable[[Trial, TrainingExample], TrainingExample | None]
    make_room: Callable[[], None]

    def lesson(self, cycle: int) -> Lesson | None:
        """Return what is to be learnt before `cycle`, None where nothing is or it is learnt already."""
        taught = range(cycle - 1 if self.teaching.late else cycle)
        if not taught or self.teaching.by is Teachers.NOBODY or self.ledger.training(cycle):
            return None
        last = self._last_trained(cycle - 1) if self.config.start == "previous" else None
        chosen = training_set(self.ledger, self.teaching, taught, self.seed)
        if last is not None:
            learnt = self._learnt_before(cycle)
            chosen = [candidate for candidate in chosen if candidate.id not in learnt]
        previous = None if last is None else self.directory.adapter(last)
        return Lesson(cycle, chosen, self.config.min_examples, previous)

    def job(self, lesson: Lesson, on_step: StepCallback) -> TrainingJob:
        """Return the fine-tuning that a lesson is: its rows, its seed, and where the adapter goes."""
        seed = derive_seed(self.seed, "train", lesson.cycle)
        cycles = {candidate.cycle for candidate in lesson.teachers if candidate.cycle is not None}
        trials = {trial.candidate.id: trial for cycle in cycles for trial in self.ledger.judged(cycle)}
        lessons = (self.lesson_of(trials[each.id], self._plain(each)) for each in lesson.teachers)
        taught = [example for example in lessons if example is not None]
        return TrainingJob(
            select_examples(taught, self.replay(), self.config.replay, seed),
            output_dir=self.directory.adapter(lesson.cycle),
            seed=seed,
            previous=lesson.previous,
            on_step=on_step,
        )

    def take_over(self, lesson: Lesson) -> bool:
        """Record the adapter that was finished just before the run stopped; return whether there is one."""
        result = finished_result(self.directory.adapter(lesson.cycle))
        if result is not None:
            self.record(lesson, result)
        return result is not None

    def teach(self, lesson: Lesson, job: TrainingJob) -> None:
        """Train the adapter that writes the lesson's cycle, and record what was learnt from whom."""
        self.make_room()
        self.record(lesson, self.trainer().train(job))

    def ahead(self, lesson: Lesson) -> Background[TrainingResult]:
        """Return the fine-tuning that a lesson is, as work beside the loop; its result is to be recorded."""

        def on_step(*_: object) -> None:
            if training.stopping:
                raise Interrupted

        def trained(job: TrainingJob, trainer: Trainer) -> Iterator[TrainingResult]:
            yield trainer.train(job)

        training = Background([trained(self.job(lesson, on_step), self.trainer())])
        return training

    def record(self, lesson: Lesson, result: TrainingResult) -> None:
        """Append what was learnt from whom."""
        self.ledger.record_training(lesson.cycle, result, [candidate.id for candidate in lesson.teachers])

    def in_force(self, cycle: int) -> tuple[Path | None, TrainingResult | None]:
        """Return the adapter that writes `cycle` and its fine-tuning: its own, or the last one before it."""
        last = self._last_trained(cycle)
        return (None, None) if last is None else (self.directory.adapter(last), self.ledger.training(last))

    def adapter_of(self, cycle: int) -> tuple[Path | None, str | None]:
        """Return folder and content hash of the adapter that writes `cycle`, None and None for the base."""
        folder, training = self.in_force(cycle)
        return folder, training.adapter_hash if training else None

    def _learnt_before(self, cycle: int) -> set[str]:
        rows = filter(None, map(self.ledger.cycle_row, range(cycle)))
        return {identifier for row in rows for identifier in row.training_ids}

    def _last_trained(self, cycle: int) -> int | None:
        return next((past for past in range(cycle, 0, -1) if self.ledger.training(past)), None)

    def _plain(self, candidate: Candidate) -> TrainingExample:
        asked = (
            self.request if candidate.prompt_id is None else self.ledger.prompt(candidate.prompt_id).messages
        )
        answer = expected_completion(self.template, candidate.source or "")
        return TrainingExample(candidate_id=candidate.id, prompt=asked, completion=answer)
