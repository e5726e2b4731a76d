"""What is taught before each cycle, what a fine-tuning starts from, and that nobody chosen is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.config import CorpusConfig
from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate, Origin
from corpus.records.prompts import Message, Prompt
from corpus.records.trainings import TrainingResult
from cycles.config.run import RunConfig
from cycles.config.teaching import Choice, Pool, Teachers, TeachingConfig
from cycles.run.run_directory import RunDirectory
from cycles.teaching import Teacher
from finetune.config import FinetuneConfig
from finetune.job import TrainingJob
from tests.ledgers import program, write_cycle

REQUEST = (Message(role="user", content="the plain request"),)
RULE = CorpusConfig(min_accuracy=0.3)


class RecordingTrainer:
    """Keeps what it is asked to train on, and leaves an adapter's directory."""

    def __init__(self) -> None:
        self.jobs: list[tuple[list[str], Path | None]] = []

    def train(self, job: TrainingJob) -> TrainingResult:
        self.jobs.append(([example.candidate_id for example in job.examples], job.previous))
        job.output_dir.mkdir(parents=True)
        return TrainingResult(
            adapter_hash=f"{job.seed:016x}", examples=len(job.examples), truncated=0, steps=1,
            trainable_parameters=1, seconds=0.1,
        )  # fmt: skip


class Run:
    """A ledger and a teacher over it, cycle by cycle."""

    def __init__(self, folder: Path, start: str, **teaching: object) -> None:
        self.directory = RunDirectory.create(folder / "run", RunConfig())
        self.ledger = LedgerWriter.create(self.directory.ledger_file)
        self.trainer = RecordingTrainer()
        self.teacher = Teacher(
            ledger=self.ledger,
            directory=self.directory,
            teaching=TeachingConfig.model_validate(teaching),
            config=FinetuneConfig(start=start, min_examples=2),
            template="compact",
            request=REQUEST,
            seed=0,
            trainer=lambda: self.trainer,
            replay=lambda: [],
            lesson_of=lambda _trial, plain: plain,
            make_room=lambda: None,
        )

    def cycle(self, cycle: int, words: str) -> None:
        """Teach before `cycle` what there is to be taught, then admit a program for each letter."""
        lesson = self.teacher.lesson(cycle)
        if lesson is not None and lesson.enough:
            self.teacher.teach(lesson, self.teacher.job(lesson, lambda *_: None))
        rows = [(program(f"conv{letter} relu{letter} norm{letter}"), 0.9) for letter in words]
        write_cycle(self.ledger, cycle, rows, RULE)


@pytest.fixture
def continuing(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path, "previous")
    yield run
    run.ledger.close()


def test_winners_too_few_for_a_fine_tuning_are_taught_with_the_next(continuing: Run) -> None:
    for cycle, words in enumerate(["a", "b", "cd", "e", "f", "g"]):
        continuing.cycle(cycle, words)
    # Cycle 0 alone was too few; the cycles since the last fine-tuning teach, and no cycle twice.
    taught = [job[0] for job in continuing.trainer.jobs]
    assert taught == [["c000/0000", "c001/0000"], ["c002/0000", "c002/0001"], ["c003/0000", "c004/0000"]]


def test_a_fine_tuning_that_continues_starts_from_the_adapter_in_force(continuing: Run) -> None:
    for cycle, words in enumerate(["ab", "c", "d", "e"]):
        continuing.cycle(cycle, words)
    adapter = continuing.directory.adapter
    assert [job[1] for job in continuing.trainer.jobs] == [None, adapter(1)]
    assert continuing.teacher.in_force(2)[0] == adapter(1)
    assert continuing.teacher.in_force(3)[0] == adapter(3)


def test_a_fine_tuning_that_continues_teaches_none_twice_whoever_is_chosen_anew(tmp_path: Path) -> None:
    run = Run(tmp_path, "previous", choose=Choice.NICHES, share=1.0, pool=Pool.RUN)
    for cycle, words in enumerate(["ab", "cd", "ef", "g"]):
        run.cycle(cycle, words)
    taught = [identifier for job in run.trainer.jobs for identifier in job[0]]
    assert len(run.trainer.jobs) == 3
    assert len(taught) == len(set(taught)) == 6
    run.ledger.close()


def test_from_the_base_model_everything_that_was_ever_chosen_is_taught(tmp_path: Path) -> None:
    run = Run(tmp_path, "base")
    for cycle, words in enumerate(["a", "bc", "d"]):
        run.cycle(cycle, words)
    assert run.trainer.jobs == [(["c000/0000", "c001/0000", "c001/0001"], None)]
    run.ledger.close()


def test_where_nobody_teaches_there_is_no_lesson(tmp_path: Path) -> None:
    run = Run(tmp_path, "base", by=Teachers.NOBODY)
    write_cycle(run.ledger, 0, [(program("conv relu"), 0.9), (program("tanh gelu"), 0.9)], RULE)
    assert run.teacher.lesson(1) is None
    run.ledger.close()


def test_a_winner_that_no_prompt_asked_for_answers_the_plain_request(continuing: Run) -> None:
    drafted = Candidate(
        id="c000/0000", origin=Origin.SAMPLED, source="x = 1\n", completion="x = 1\n", cycle=0, index=0,
        generator="grammar-1", seed=1,
    )  # fmt: skip
    example = continuing.teacher._plain(drafted)
    assert (example.prompt, example.completion) == (REQUEST, "x = 1\n")


@pytest.mark.parametrize("source", ["import torch\nx = 1\n", None])
def test_an_answer_that_its_prompt_began_is_taught_whole(continuing: Run, source: str | None) -> None:
    begun = Message(role="assistant", content="import torch")
    asked = Prompt(
        id="c000/p0000", strategy="edits", template="compact-continuation", messages=(*REQUEST, begun), seed=1
    )
    continuing.ledger.add_prompts(0, [asked])
    candidate = Candidate(
        id="c000/0000", origin=Origin.SAMPLED, source=source, completion="\nx = 1\n", prompt_id=asked.id,
        cycle=0, index=0, generator="tiny",
    )  # fmt: skip
    example = continuing.teacher._plain(candidate)
    assert (example.prompt, example.completion) == (REQUEST, "import torch\nx = 1\n")


def test_a_lesson_that_is_learnt_is_not_given_again(continuing: Run) -> None:
    for cycle, words in enumerate(["ab", "cd"]):
        continuing.cycle(cycle, words)
    assert continuing.teacher.lesson(1) is None
