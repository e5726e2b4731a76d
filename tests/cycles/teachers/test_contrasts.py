"""Whose answers become less likely, which answers make a pair, and what a fine-tuning gets of both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from corpus.config import CorpusConfig
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide
from corpus.records.prompts import Message
from corpus.records.trainings import TrainingExample, TrainingResult
from cycles.config.run import RunConfig, load_config
from cycles.config.teaching import Against, Teachers, TeachingConfig
from cycles.run.run_directory import RunDirectory
from cycles.teachers.contrasts import deterring, pairs
from cycles.teaching import Teacher
from finetune.config import FinetuneConfig, Loss
from finetune.job import TrainingJob
from tests.ledgers import candidate, evaluation, program, prompt, write_cycle
from tests.pipelines import simulated

RULE = CorpusConfig(min_accuracy=0.5)
FIRST = [("conv relu pool", 0.9), ("linear gelu drop", 0.2), ("norm tanh flat", None), ("gru silu pad", 0.7),
         ("mish unfold crop", 0.35), ("elu fold bias", 0.3)]  # fmt: skip
REQUEST = (Message(role="user", content="1x12x12 images"),)


class Recorder:
    """Keeps its jobs, and trains nothing."""

    def __init__(self) -> None:
        self.jobs: list[TrainingJob] = []

    def train(self, job: TrainingJob) -> TrainingResult:
        self.jobs.append(job)
        return TrainingResult(
            adapter_hash=f"{job.seed:016x}", examples=1, truncated=0, steps=1,
            trainable_parameters=1, seconds=0.1,
        )  # fmt: skip


class Run:
    """A run of one judged cycle, and a teacher over it."""

    def __init__(self, folder: Path) -> None:
        self.directory = RunDirectory.create(folder / "run", RunConfig())
        self.ledger = LedgerWriter.create(self.directory.ledger_file)
        self.recorder = Recorder()
        write_cycle(self.ledger, 0, [(program(words), score) for words, score in FIRST], RULE)

    def teacher(self, loss: Loss, *, start: str = "base", least: int = 1, **teaching: object) -> Teacher:
        return Teacher(
            ledger=self.ledger, directory=self.directory, teaching=TeachingConfig.model_validate(teaching),
            config=FinetuneConfig.model_validate({"loss": loss, "min_examples": least, "start": start}),
            template="compact", request=REQUEST, seed=0, trainer=lambda: self.recorder, replay=lambda: [],
            lesson_of=lambda _trial, plain: plain, make_room=lambda: None,
        )  # fmt: skip

    def job(self, teacher: Teacher, cycle: int = 1) -> TrainingJob:
        lesson = teacher.lesson(cycle)
        assert lesson is not None and lesson.enough
        return teacher.job(lesson, lambda *_: None)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    made.ledger.close()


def places(rows: object) -> list[int]:
    assert isinstance(rows, list | tuple)
    return [int(row.candidate_id[-4:]) for row in rows]


@pytest.mark.parametrize(
    ("teaching", "expected"),
    [
        ({"against": Against.INVALID}, [2]),
        ({"against": Against.WEAKEST}, [1, 5]),
        ({"against": Against.BOTH}, [1, 2, 5]),
        ({"by": Teachers.RANDOM_VALID}, [2]),
    ],
)
def test_the_invalid_deter_and_as_many_of_the_weakest_as_teach(
    run: Run, teaching: dict[str, object], expected: list[int]
) -> None:
    judged = run.ledger.judged(0)
    found = deterring(judged, {"c000/0000", "c000/0003"}, TeachingConfig.model_validate(teaching))
    assert [trial.candidate.index for trial in found] == expected


def test_kto_learns_all_who_teach_and_against_all_who_deter(run: Run) -> None:
    job = run.job(run.teacher(Loss.KTO))
    assert (places(job.examples), places(job.rejected)) == ([0, 3], [1, 2, 5])


def test_dpo_learns_pairs_of_one_prompt_and_every_answer_teaches_in_two_at_most(run: Run) -> None:
    job = run.job(run.teacher(Loss.DPO))
    # The best over the invalid one; then the best over the worst, the second over the second worst.
    assert list(zip(places(job.examples), places(job.rejected), strict=True)) == [(0, 1), (0, 2), (3, 5)]


def test_answers_to_other_prompts_or_under_other_protocols_make_no_pair(run: Run) -> None:
    judged = run.ledger.judged(0)
    lessons = {
        trial.candidate.id: TrainingExample(
            candidate_id=trial.candidate.id,
            prompt=(Message(role="user", content=f"prompt {trial.candidate.index % 2}"),),
            completion="x",
        )
        for trial in judged
    }
    taught = {"c000/0000", "c000/0003"}
    assert [(one[-1], other[-1]) for one, other in pairs(judged, taught, lessons)] == [
        ("0", "2"),
        ("0", "4"),
        ("3", "1"),
    ]
    other = [
        trial._replace(evaluation=trial.evaluation.model_copy(update={"protocol_id": f"p{place}"}))
        for place, trial in enumerate(judged)
    ]
    assert pairs(other, taught, lessons) == []


def test_what_is_no_program_is_unlearnt_as_it_stands_and_an_empty_answer_not_at_all(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.ledger.add_prompts(1, [prompt(1, index) for index in range(2)])
    for index, text in enumerate(["I cannot write this.", ""]):
        row = candidate(1, index, None).model_copy(update={"completion": text})
        run.ledger.add_candidates([row])
        judged = evaluation(row, None)
        run.ledger.add_judgement(judged, decide(judged, None, RULE))
    job = run.job(run.teacher(Loss.KTO, against="invalid"), cycle=2)
    assert [each.completion for each in job.rejected][1:] == ["I cannot write this."]
    run.ledger.close()


def test_a_fine_tuning_that_continues_deters_with_what_was_judged_since(run: Run) -> None:
    teacher = run.teacher(Loss.KTO, start="previous")
    lesson = teacher.lesson(1)
    assert lesson is not None
    teacher.teach(lesson, teacher.job(lesson, lambda *_: None))
    write_cycle(run.ledger, 1, [(program("a b c"), 0.9), (program("d e f"), None)], RULE)
    job = run.job(teacher, cycle=2)
    assert [each.candidate_id for each in (*job.examples, *job.rejected)] == ["c001/0000", "c001/0001"]


def test_too_few_pairs_or_nobody_to_deter_from_is_said_and_teaches_nothing(run: Run) -> None:
    lesson = run.teacher(Loss.DPO, least=4).lesson(1)
    assert lesson is not None and not lesson.enough
    assert lesson.shortage == "3 pairs so far, fine-tuning starts at 4"
    alone = run.teacher(Loss.KTO, against="weakest", choose="share", share=1.0, eligible=1.0).lesson(1)
    assert alone is not None and not alone.enough
    assert alone.shortage == "nobody to deter from so far"


def test_who_is_recorded_as_teaching_stands_there_once(run: Run) -> None:
    teacher = run.teacher(Loss.DPO)
    lesson = teacher.lesson(1)
    assert lesson is not None
    teacher.teach(lesson, teacher.job(lesson, lambda *_: None))
    row = run.ledger.cycle_row(1)
    assert row is not None and row.training_ids == ("c000/0000", "c000/0003")


def test_a_loss_in_the_place_of_a_teacher_is_told_where_it_belongs() -> None:
    with pytest.raises(ValidationError, match=r"set finetune\.loss to 'kto'"):
        TeachingConfig.model_validate({"by": "kto"})


@pytest.mark.parametrize("loss", [Loss.KTO, Loss.DPO])
@pytest.mark.parametrize("start", ["base", "previous"])
def test_a_run_that_learns_from_preferences_goes_on_as_an_unbroken_one(
    tmp_path: Path, loss: Loss, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(
        "cpu-tiny",
        ["cycles=3", "candidates=16", "generator.batch_size=8", "generator.redraws=0",
         "corpus.seed_programs=2", "finetune.min_examples=1", f"finetune.loss={loss}",
         f"finetune.start={start}"],
    )  # fmt: skip

    def rows(ledger: LedgerWriter) -> list[object]:
        written = [each.model_dump(exclude={"machine_id"}) for each in ledger.candidates()]
        taught = [
            (each and each.training_ids, each and each.training) for each in map(ledger.cycle_row, range(3))
        ]
        return [*written, *taught]

    with simulated(tmp_path / "whole", config) as loop:
        loop.run()
        whole = rows(loop.ledger)
        results = [loop.ledger.training(cycle) for cycle in (1, 2)]
        assert all(result is not None and result.rejected > 0 for result in results)

    class Killed(Exception):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with pytest.raises(Killed), simulated(tmp_path / "run", config) as loop:
        loop.run_cycle(0)
        monkeypatch.setattr(
            loop.teacher, "record", kill
        )  # the adapter is there, and the ledger knows of none
        loop.run()
    monkeypatch.undo()
    with simulated(tmp_path / "run", config) as loop:
        loop.run()
        assert rows(loop.ledger) == whole
