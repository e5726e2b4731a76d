"""The teacher: which programs the generator learns from next, and which adapter it has on.

    teaching         whose programs they are (`cycles.teachers`)
    finetune.start   "base": every fine-tuning starts from the base model, with all that was ever chosen;
                     "previous": it continues the last adapter, with what was chosen since that was trained
    teaching.late    cycle k learns from the cycles before k - 1, so that its fine-tuning runs beside k - 1
    finetune.loss    "kto" and "dpo" also learn from those who deter (`cycles.teachers.contrasts`)
    teaching.guard   a new adapter that has collapsed is rolled back (`cycles.teachers.guard`)

A program is taught as the answer to the prompt that it answered; one that no prompt asked for as the answer
to the run's plain request, an imported one to such a prompt as the run asks (`asked`); unless the strategy
makes another lesson of it. The teacher does *not* train: a trainer that is passed in does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.chats import prefill, question
from corpus.records.prompts import Message
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample, TrainingResult, Verdict
from cycles.config.teaching import Teachers, TeachingConfig
from cycles.run.background import Background
from cycles.run.interruption import Interrupted
from cycles.run.run_directory import RunDirectory
from cycles.teachers.contrasts import deterring, pairs
from cycles.teachers.guard import Guard, rolled_back, verdict_of
from cycles.teachers.imported import imported_teachers
from cycles.teachers.selection import training_set
from finetune.adapter import finished_result
from finetune.config import FinetuneConfig, Loss
from finetune.examples import select_examples
from finetune.job import StepCallback, Trainer, TrainingJob
from generator.prompts.templates import TemplateName, expected_completion


@dataclass(frozen=True)
class Lesson:
    """What the generator of one cycle is to learn.

    Attributes:
        cycle: The cycle that it will write.
        teachers: The candidates that teach it, in the order of the ledger.
        required: How many teachers it takes for a fine-tuning.
        previous: The adapter to continue, None for a start from the base model.
        deterring: The candidates whose answers are made less likely: under `kto` any number, under `dpo` one
            for each teacher, in their order; a teacher may then stand twice. None under `sft`.
        loss: What is made likelier.
        imported: Programs of others that teach beside them; none under `dpo`, since they have no rival.
    """

    cycle: int
    teachers: Sequence[Candidate]
    required: int
    previous: Path | None
    deterring: Sequence[Candidate] = ()
    loss: Loss = Loss.SFT
    imported: Sequence[Candidate] = ()

    @property
    def enough(self) -> bool:
        """Whether there are enough teachers for a fine-tuning, and someone who deters where one must."""
        some = bool(self.teachers or self.imported)
        return some and len(self.teachers) >= self.required and self._deterred

    @property
    def _deterred(self) -> bool:
        return self.loss is Loss.SFT or bool(self.deterring)

    @property
    def shortage(self) -> str:
        """What there is where it is not enough."""
        if len(self.teachers) >= self.required:
            return "no imported teachers" if self._deterred else "nobody to deter from so far"
        noun = "pairs" if self.loss is Loss.DPO else "winners"
        return f"{len(self.teachers)} {noun} so far, fine-tuning starts at {self.required}"


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
        guard: Who compares a new adapter with the one before it, None for nobody.
        asked: Returns the request that an imported program answers; None for the plain one.
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
    guard: Guard | None = None
    asked: Callable[[Candidate], tuple[Message, ...]] | None = None

    def lesson(self, cycle: int) -> Lesson | None:
        """Return what is to be learnt before `cycle`, None where nothing is or it is learnt already."""
        taught = range(cycle - 1 if self.teaching.late else cycle)
        first = cycle == 0 and self.teaching.imported_first
        if not (taught or first) or self.teaching.by is Teachers.NOBODY or self.ledger.training(cycle):
            return None
        last = self._last_trained(cycle - 1) if self.config.start == "previous" else None
        chosen = training_set(self.ledger, self.teaching, taught, self.seed) if taught else []
        imported = [] if self.config.loss is Loss.DPO else imported_teachers(self.ledger, self.teaching)
        if last is not None:
            learnt = self._learnt_before(cycle)
            chosen = [candidate for candidate in chosen if candidate.id not in learnt]
            imported = [candidate for candidate in imported if candidate.id not in learnt]
        previous = None if last is None else self.directory.adapter(last)
        required = 0 if first else self.config.min_examples
        lesson = Lesson(cycle, chosen, required, previous, loss=self.config.loss, imported=imported)
        if self.config.loss is Loss.SFT:
            return lesson
        since = 0 if last is None else max(0, last - 1 if self.teaching.late else last)
        return self._contrasted(
            lesson, [trial for past in taught[since:] for trial in self.ledger.judged(past)]
        )

    def job(self, lesson: Lesson, on_step: StepCallback) -> TrainingJob:
        """Return the fine-tuning that a lesson is: its rows, its seed, and where the adapter goes."""
        seed = derive_seed(self.seed, "train", lesson.cycle)
        taught = self._examples(lesson.teachers) + list(map(self._imported, lesson.imported))
        deterred = self._examples(lesson.deterring)
        paired = self.config.loss is Loss.DPO
        return TrainingJob(
            taught if paired else select_examples(taught, self.replay(), self.config.replay, seed),
            output_dir=self.directory.adapter(lesson.cycle),
            seed=seed,
            rejected=deterred,
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
        taught = list(dict.fromkeys(each.id for each in (*lesson.teachers, *lesson.imported)))
        self.ledger.record_training(lesson.cycle, result, taught)

    def unexamined(self, cycle: int) -> bool:
        """Return whether the guard has yet to look at the adapter made for `cycle`."""
        made = self.guard is not None and self.ledger.training(cycle) is not None
        return made and verdict_of(self.ledger, cycle) is None

    def examine(self, cycle: int) -> Verdict:
        """Let the guard compare the adapter made for `cycle` with the one before it."""
        if self.guard is None:
            raise ValueError("nobody guards this run")
        return self.guard.settle(cycle, self.in_force(cycle - 1)[0], self.directory.adapter(cycle))

    def in_force(self, cycle: int) -> tuple[Path | None, TrainingResult | None]:
        """Return the adapter that writes `cycle` and its fine-tuning: its own, or the last one before it."""
        last = self._last_trained(cycle)
        return (None, None) if last is None else (self.directory.adapter(last), self.ledger.training(last))

    def adapter_of(self, cycle: int) -> tuple[Path | None, str | None]:
        """Return folder and content hash of the adapter that writes `cycle`, None and None for the base."""
        folder, training = self.in_force(cycle)
        return folder, training.adapter_hash if training else None

    def _learnt_before(self, cycle: int) -> set[str]:
        kept = (past for past in range(cycle) if not rolled_back(self.ledger, past))
        rows = filter(None, map(self.ledger.cycle_row, kept))
        return {identifier for row in rows for identifier in row.training_ids}

    def _last_trained(self, cycle: int) -> int | None:
        """Return the last cycle up to `cycle` whose adapter was made and kept."""
        past = range(cycle, -1, -1)
        return next((c for c in past if self.ledger.training(c) and not rolled_back(self.ledger, c)), None)

    def _contrasted(self, lesson: Lesson, judged: Sequence[Trial]) -> Lesson:
        """Return a lesson with those who deter, of pairs those who are in one."""
        taught = {candidate.id for candidate in lesson.teachers}
        deterred = deterring(judged, taught, self.teaching)
        lessons = self._lessons([*lesson.teachers, *(trial.candidate for trial in deterred)])
        if self.config.loss is Loss.KTO:
            kept = [trial.candidate for trial in deterred if trial.candidate.id in lessons]
            return replace(lesson, deterring=kept)
        of = {trial.candidate.id: trial for trial in self._trials(lesson.teachers)}
        of |= {trial.candidate.id: trial for trial in deterred}
        found = pairs(list(of.values()), taught, lessons)
        return replace(
            lesson,
            teachers=[of[one].candidate for one, _ in found],
            deterring=[of[other].candidate for _, other in found],
        )

    def _examples(self, candidates: Sequence[Candidate]) -> list[TrainingExample]:
        lessons = self._lessons(candidates)
        return [lessons[each.id] for each in candidates if each.id in lessons]

    def _lessons(self, candidates: Sequence[Candidate]) -> dict[str, TrainingExample]:
        """Return what each candidate teaches, or deters from, without those from whom nothing is learnt."""
        trials = {trial.candidate.id: trial for trial in self._trials(candidates)}
        lessons = {each.id: self.lesson_of(trials[each.id], self._plain(each)) for each in candidates}
        return {name: lesson for name, lesson in lessons.items() if lesson is not None}

    def _trials(self, candidates: Sequence[Candidate]) -> list[Trial]:
        """Return the trials of the cycles of `candidates`."""
        cycles = {candidate.cycle for candidate in candidates if candidate.cycle is not None}
        return [trial for cycle in sorted(cycles) for trial in self.ledger.judged(cycle)]

    def _imported(self, candidate: Candidate) -> TrainingExample:
        return self._answering(self.request if self.asked is None else self.asked(candidate), candidate)

    def _plain(self, candidate: Candidate) -> TrainingExample:
        prompt_id = candidate.prompt_id
        chat = self.request if prompt_id is None else self.ledger.prompt(prompt_id).messages
        return self._answering(chat, candidate)

    def _answering(self, chat: tuple[Message, ...], candidate: Candidate) -> TrainingExample:
        if candidate.source is None:  # It can only deter: what is no program is unlearnt as it stands.
            answer = prefill(chat) + candidate.completion
        else:
            answer = expected_completion(self.template, candidate.source)
        return TrainingExample(candidate_id=candidate.id, prompt=question(chat), completion=answer)
