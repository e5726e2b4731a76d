"""Zygotes cost seconds to get warm, so none is started that has nothing to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from evaluator.errors import SandboxError, ZygoteDied
from evaluator.supervisor.worker_pool import ATTEMPTS, WorkerPool

WORKERS = 4


class Zygote:
    """A zygote without a process."""

    def __init__(self, faulty: bool = False) -> None:
        self.faulty = faulty

    def await_ready(self) -> None:
        if self.faulty:
            raise SandboxError("it does not start")

    def close(self) -> None: ...


class Zygotes(list[int]):
    """The numbers of the workers whose zygotes were started, in that order."""

    def __init__(self, sound: int = 99) -> None:
        super().__init__()
        self.sound, self.asked = sound, threading.Event()

    def launch(self, number: int) -> Zygote:
        self.append(number)
        if len(self) > 1:
            self.asked.set()
        return Zygote(faulty=len(self) > self.sound)


@pytest.fixture
def started() -> Zygotes:
    return Zygotes()


@pytest.fixture
def pool(started: Zygotes) -> Iterator[WorkerPool]:
    pool = WorkerPool(started.launch, WORKERS)  # type: ignore[arg-type]
    yield pool
    pool.close()


def give_up(job: int) -> int:
    return -job


def test_one_zygote_is_warm_from_the_beginning(pool: WorkerPool, started: Zygotes) -> None:
    assert started == [0]


def test_jobs_one_after_the_other_need_no_second_zygote(pool: WorkerPool, started: Zygotes) -> None:
    for job in range(1, 9):
        assert list(pool.map([job], lambda _zygote, job, _stop: job, give_up)) == [job]
    assert started == [0]


def test_as_many_jobs_as_workers_at_a_time_have_a_zygote_each(pool: WorkerPool, started: Zygotes) -> None:
    together = threading.Barrier(WORKERS)

    def work(_zygote: object, job: int, _stop: threading.Event) -> int:
        together.wait(timeout=20)  # breaks unless all are at work
        return job

    for _ in range(2):
        assert list(pool.map(range(WORKERS), work, give_up)) == [*range(WORKERS)]
    assert sorted(started) == [*range(WORKERS)]


def test_a_zygote_that_dies_is_replaced_and_its_job_done_again(pool: WorkerPool, started: Zygotes) -> None:
    died: list[int] = []

    def work(_zygote: object, job: int, _stop: threading.Event) -> int:
        if job == 1 or (job == 2 and not died):
            died.append(job)
            raise ZygoteDied
        return job

    assert list(pool.map([2], work, give_up)) == [2] and started == [0, 0]
    assert list(pool.map([1], work, give_up)) == [-1] and died == [2] + [1] * ATTEMPTS
    assert started == [0] * (1 + 1 + ATTEMPTS - 1)


@pytest.mark.parametrize("sound", [0, 1])
def test_a_zygote_that_does_not_start_ends_it_at_the_beginning_or_later(sound: int) -> None:
    started = Zygotes(sound)

    def work(_zygote: object, job: int, _stop: threading.Event) -> int:
        started.asked.wait(timeout=20)  # at work until the other worker wants a zygote
        return job

    with pytest.raises(SandboxError, match="does not start"):
        list(WorkerPool(started.launch, 2).map([1, 2], work, give_up))  # type: ignore[arg-type]
    assert len(started) == sound + 1
