"""Stages side by side: the rows are those of stages in turn, whatever breaks off, and wherever."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from corpus.ledger.reader import Ledger
from corpus.records.mistakes import Mistake
from corpus.records.prompts import Message, Prompt
from corpus.records.search.proposals import Proposal
from cycles.config.arms import arm_of
from cycles.config.run import RunConfig, load_config
from cycles.errors import ConfigError
from cycles.loop import Loop
from cycles.parts import task_shape
from cycles.run.background import Background
from cycles.run.interruption import Interrupted
from generator.samplers.contract import Sample, SamplingOptions, UpstreamError
from generator.strategies.closed_loop import ClosedLoop
from generator.strategies.contract import Bench, Conversation
from tests.command_line import ENTRY
from tests.cycles.test_search_replay import Fuse, rows
from tests.pipelines import Pace, PacedSampler, Unseen, simulated

LATE = "teaching.late=true"
PATIENCE_SECONDS = 20.0


def settings(*more: str) -> RunConfig:
    small = ["cycles=3", "candidates=14", "generator.batch_size=4", "corpus.seed_programs=6"]
    return load_config("cpu-tiny", [*small, "finetune.min_examples=1", *more])


def kept(run: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows but for times."""
    return {table: found for table, found in rows(run / "corpus.db").items() if table != "stage_times"}


def without_numbers(found: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[str]]:
    """Return rows without their numbers in their tables, in an order of their own."""
    return {table: sorted(repr(row[1:]) for row in table_rows) for table, table_rows in found.items()}


def complete(run: Path, config: RunConfig, **parts: Any) -> dict[str, list[tuple[Any, ...]]]:
    with simulated(run, config, **parts) as loop:
        loop.run()
    return kept(run)


class Asked(PacedSampler):
    """Calls `before` with the number of each batch that it is asked, then answers it."""

    def __init__(self, config: RunConfig, before: Callable[[int], None], *, by_batch: bool = True) -> None:
        super().__init__(task_shape(config).picture, 0.0, by_batch=by_batch)
        self._before, self._batches = before, 0

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        self._batches += 1
        self._before(self._batches)
        yield from super().sample(prompts, adapter, options)


class Judged(Unseen):
    """An observer that calls `then` with the number of each judgement."""

    def __init__(self, then: Callable[[int], None]) -> None:
        self._then, self._count = then, 0

    def judged(self, *_: object) -> None:
        self._count += 1
        self._then(self._count)


@pytest.mark.parametrize(
    "more",
    [
        ["generator.redraws=2"],
        ["generator.redraws=3", "generator.redraw_broken=true"],
        ["generator.redraws=1", "generator.samples_per_place=3", "generator.ranked_by=probe"],
        ["generator.samples_per_place=2", "generator.ranked_by=chance", LATE],
        ["generator.exemplars=2", "generator.template=instruct", "generator.model=other"],
        ["teaching.by=random-valid", "finetune.start=previous", LATE],
    ],
)
def test_a_streamed_run_has_the_rows_of_one_whose_stages_take_turns(more: list[str], tmp_path: Path) -> None:
    config = settings(*more)
    expected = complete(tmp_path / "serial", config, serial=True)
    assert expected["trainings"] and len(expected["admissions"]) == 6 + 3 * 14
    assert complete(tmp_path / "streamed", config, pace=Pace(judge=0.01, workers=3)) == expected
    # A server's answers arrive in another order, and so only their numbers in the table differ.
    served = complete(tmp_path / "served", config, by_batch=False)
    assert without_numbers(served) == without_numbers(expected)
    assert [row[1:] for row in served["admissions"]] == [row[1:] for row in expected["admissions"]]


def test_a_batch_is_judged_and_in_the_ledger_while_the_next_is_being_asked(tmp_path: Path) -> None:
    config, judged = settings(), threading.Event()
    sampler = Asked(config, lambda batch: assert_in_time(judged) if batch == 2 else None)
    with simulated(tmp_path / "run", config, sampler=sampler) as loop:

        def look(count: int) -> None:
            if count == 4:
                assert len(loop.ledger.judged(0)) == 4 == len(loop.ledger.candidates(cycle=0))
                judged.set()

        loop.observer = Judged(look)
        loop.run()
    assert judged.is_set()


def assert_in_time(event: threading.Event) -> None:
    assert event.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("error", [UpstreamError("gone"), Mistake("no such model")])
@pytest.mark.parametrize("by_batch", [True, False])
def test_what_the_thread_raises_arrives_as_itself_and_what_was_answered_before_is_kept(
    error: Exception, by_batch: bool, tmp_path: Path
) -> None:
    config, run = settings(), tmp_path / "run"

    def breaks(batch: int) -> None:
        if batch == 3:
            raise error

    sampler = Asked(config, breaks, by_batch=by_batch)
    with simulated(run, config, sampler=sampler) as loop:
        with pytest.raises(type(error)) as raised:
            loop.run()
        assert raised.value is error and len(loop.ledger.candidates(cycle=0)) == 8
    resumed = complete(run, config, by_batch=by_batch)
    assert without_numbers(resumed) == without_numbers(complete(tmp_path / "whole", config, serial=True))


@pytest.mark.parametrize("more", [[], [LATE]], ids=["in time", "late"])
@pytest.mark.parametrize("after", [False, True])
def test_a_run_killed_at_any_write_goes_on_to_the_rows_of_an_unbroken_one(
    more: list[str], after: bool, tmp_path: Path
) -> None:
    config = settings("cycles=3", "candidates=6", "generator.batch_size=2", *more)
    expected = complete(tmp_path / "whole", config, serial=True)
    for writes in range(3, 200, 13):
        run = tmp_path / str(writes)
        with simulated(run, config) as loop:
            fuse = Fuse(loop.ledger, writes, after=after)
            with suppress(KeyboardInterrupt):
                loop.run()
        assert complete(run, config) == expected, writes
        if fuse.left >= 0:
            return


def stop(loop: Loop) -> None:
    loop.interruption._requested = True


@pytest.mark.parametrize("judged", [1, 5, 14, 15])
def test_an_interrupted_run_records_the_batch_under_way_and_goes_on(judged: int, tmp_path: Path) -> None:
    config, run = settings(LATE), tmp_path / "run"
    with simulated(run, config, Pace(write=0.002)) as loop:
        loop.observer = Judged(lambda count: stop(loop) if count == judged else None)
        with pytest.raises(Interrupted):
            loop.run()
        assert len(loop.ledger.judged(0)) + len(loop.ledger.judged(1)) == judged
        for cycle in range(3):
            batches = [candidate.index // 4 for candidate in loop.ledger.candidates(cycle=cycle)]
            assert all(batches.count(batch) == 4 for batch in set(batches) - {3})
    assert complete(run, config) == complete(tmp_path / "whole", config, serial=True)


def test_an_interruption_is_heard_while_a_batch_is_waited_for(tmp_path: Path) -> None:
    config, run = settings(), tmp_path / "run"
    with simulated(run, config) as loop:
        loop.writer.sampler = lambda: Asked(config, lambda batch: stop(loop) if batch == 1 else None)
        with pytest.raises(Interrupted):
            loop.run()
        assert 4 <= len(loop.ledger.candidates(cycle=0)) < 14
    assert complete(run, config) == complete(tmp_path / "whole", config, serial=True)


class Mixed(ClosedLoop):
    """Asks a question, then proposes some programs as texts and some as prompts, again and again."""

    name = "mixed"

    def search(self, bench: Bench) -> Conversation:
        while True:
            chat = (Message(role="user", content=f"round {bench.place}"),)
            number = bench.model.generate("writer", chat).answer.value
            places = range(bench.index, bench.index + min(7, bench.room))
            asked = [self._asked(bench, index, []) for index in places]
            yield [
                each if place % 3 else Proposal(program=f"# {place} {number}\n", operator="toy")
                for place, each in enumerate(asked)
            ]


def test_a_strategy_that_asks_between_its_batches_streams_within_them(tmp_path: Path) -> None:
    config = settings("generator.batch_size=2", "teaching.by=nobody")
    expected = complete(tmp_path / "serial", config, serial=True, strategy=Mixed())
    assert complete(tmp_path / "streamed", config, strategy=Mixed()) == expected
    with simulated(tmp_path / "broken", config, strategy=Mixed()) as loop:
        Fuse(loop.ledger, 23, after=True)
        with suppress(KeyboardInterrupt):
            loop.run()
    assert complete(tmp_path / "broken", config, strategy=Mixed()) == expected


def test_late_teaching_learns_from_all_cycles_but_the_last_and_trains_beside_it(tmp_path: Path) -> None:
    config, judged, begun = settings(LATE), threading.Event(), threading.Event()
    with simulated(tmp_path / "run", config) as loop:
        trainer = loop.teacher.trainer()

        class Waiting:
            def train(self, job: Any) -> Any:
                begun.set()
                assert_in_time(judged)
                return trainer.train(job)

        loop.teacher.trainer = Waiting

        def look(count: int) -> None:
            if count == 14 + 10:  # in cycle 1, which the adapter of cycle 2 does not wait for
                assert_in_time(begun)
                assert loop.ledger.training(2) is None
                judged.set()

        loop.observer = Judged(look)
        loop.run()
        taught = [row for cycle in (1, 2) if (row := loop.ledger.cycle_row(cycle)) is not None]
        assert [row.cycle for row in taught if row.training_ids] == [2]
        assert {each[:4] for each in taught[-1].training_ids} == {"c000"}
        assert {each.adapter_hash is None for each in loop.ledger.candidates(cycle=1)} == {True}
        assert {each.adapter_hash is None for each in loop.ledger.candidates(cycle=2)} == {False}


def test_a_late_training_that_an_interruption_ends_leaves_no_adapter(tmp_path: Path) -> None:
    config, run = settings(LATE), tmp_path / "run"
    with simulated(run, config, Pace(train=3.0)) as loop:
        loop.observer = Judged(lambda count: stop(loop) if count == 15 else None)
        started = time.monotonic()
        with pytest.raises(Interrupted):
            loop.run()
        assert time.monotonic() - started < 3.0
        assert not loop.directory.adapter(2).exists() and loop.ledger.training(2) is None
    assert complete(run, config) == complete(tmp_path / "whole", config, serial=True)


def test_late_teaching_is_an_arm_of_its_own_and_needs_room_for_two() -> None:
    assert arm_of(settings(LATE)).words == "closed loop, a cycle late"
    assert arm_of(settings(LATE, "teaching.by=nobody")) == arm_of(settings("teaching.by=nobody"))
    with pytest.raises(ConfigError, match="alternate"):
        settings(LATE, "sharing=alternate")


def test_work_in_the_background_waits_for_its_taker_between_batches_and_never_within_one() -> None:
    begun: list[int] = []

    def batch(number: int) -> Iterator[int]:
        begun.append(number)
        yield from range(3)

    with Background(map(batch, range(10)), ahead=1) as work:
        time.sleep(0.2)
        assert begun == [0]
        assert [next(iter(work)) for _ in range(2)] == [0, 1]
        time.sleep(0.2)
        assert begun == [0, 1]
        assert work.stop() == [2, 0, 1, 2]


def test_a_second_ctrl_c_waits_for_no_batch() -> None:
    free = threading.Event()

    def batch() -> Iterator[bool]:
        yield free.wait(PATIENCE_SECONDS)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Background([batch()]):
        raise KeyboardInterrupt
    assert time.monotonic() - started < PATIENCE_SECONDS / 2
    free.set()


@pytest.mark.slow
def test_a_second_ctrl_c_ends_a_run_at_once_while_its_model_writes(tmp_path: Path) -> None:
    run = tmp_path / "run"
    sizes = ["--set", "candidates=24", "--set", "generator.batch_size=4"]
    with (tmp_path / "log").open("wb") as log:
        command = [*ENTRY, "run", "--preset", "smoke", *sizes, "--out", str(run)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    while not written(run):
        assert process.poll() is None
        time.sleep(0.2)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    assert process.wait(timeout=60) == 130
    assert (tmp_path / "log").read_text().rstrip().endswith(f"archloop resume {run}")


def written(run: Path) -> bool:
    """Return whether any candidate of a run's cycles is in its ledger."""
    if not (run / "corpus.db").exists():
        return False
    with Ledger.open(run / "corpus.db") as ledger:
        return bool(ledger.candidates(cycle=0))
