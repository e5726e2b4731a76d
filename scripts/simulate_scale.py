#!/usr/bin/env python
"""Simulate a run on up to 1,000 GPUs from measured stage times, and print what saturates first.

    .venv/bin/python scripts/simulate_scale.py                 # 8 to 1,000 GPUs, a minute
    .venv/bin/python scripts/simulate_scale.py --measure       # with the driver's times on this machine
    .venv/bin/python scripts/simulate_scale.py --judge-seconds 60 --judge-p90 120 --judges-per-gpu 1

A discrete-event simulation of `cycles` over a Ray cluster: a part of the GPUs serve the model, programs are
judged beside every GPU, one GPU trains between the cycles, and the driver, one process, writes candidates,
hears results, decides on admission in the order of the candidates and commits. Nodes die as often as was
reported elsewhere, take their programs with them, and come back. A cycle has as many candidates per GPU
whatever their number, so a run that scales takes as long on any.

Times that were measured here, on two processor cores (docs/measurements.md, docs/novelty.md): a judgement
(digits, batch 16), completions of one vLLM server (the embedded model, one thread), the nearest program by
the size of the corpus. `--measure` prints the driver's, in processor seconds: a candidate's rows, a
judgement's rows, Ray's part of a result, and what that grows by for each worker. **No time of a GPU is among
them**: for another model or task give your own.

    per hour     judged candidates in an hour of the run
    x            of that, how often the row of the fewest GPUs
    busy         share of the run's time for which a stage works: generation and judging, of all their places;
                 the driver, with its largest part; training, one GPU, while the others wait
    again        judgements that were begun again as their node had died

It does *not* simulate networks or file systems.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import random
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

GPUS_PER_NODE = 8
NEAREST = {1e3: 2e-4, 1e4: 2e-3, 1e5: 2.6e-2, 1e6: 6.2e-2}
"""Seconds to find the nearest program among so many (docs/novelty.md, medians); below 10,000 proportional."""


class Times(NamedTuple):
    """Seconds of the driver, but for the nearest program."""

    write: float
    """A candidate's rows."""
    commit: float
    """A judgement's rows, and what else is decided."""
    hear: float
    """A result from Ray, and the next candidate sent."""
    hear_per_worker: float
    """What that takes longer for each worker under way."""


MEASURED = Times(write=4.4e-4, commit=4.2e-4, hear=8.2e-4, hear_per_worker=7.9e-7)
"""As `--measure` printed them on a busy machine of two cores."""


class Row(NamedTuple):
    """What one simulated run came to; shares of its time."""

    gpus: int
    judged: int
    seconds: float
    generation: float
    judging: float
    driver: dict[str, float]
    training: float
    deaths: int
    again: int


@dataclass
class Run:
    """One simulated run.

    Attributes:
        options: The command's options.
        gpus: How many.
        rng: Its chance.
    """

    options: argparse.Namespace
    gpus: int
    rng: random.Random
    now: float = 0.0
    events: list[tuple[float, int, str, Any]] = field(default_factory=list)
    counter: Any = field(default_factory=itertools.count)
    driver_free: float = 0.0
    driver_busy: Counter[str] = field(default_factory=Counter)
    judging_busy: float = 0.0
    corpus: int = 0
    deaths: int = 0
    again: int = 0
    down: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        o = self.options
        self.servers = max(1, round(o.generation_share * self.gpus))
        self.workers = o.judges_per_gpu * (self.gpus if o.judges_per_gpu > 1 else self.gpus - self.servers)
        self.nodes = max(1, self.gpus // GPUS_PER_NODE)
        mu, sigma = _lognormal(o.judge_seconds, o.judge_p90)
        self.judging_time = lambda: self.rng.lognormvariate(mu, sigma)
        self.life = [0] * self.workers  # raised as a worker's node dies
        for node in range(self.nodes):
            self.at(self.lifetime(), "dies", node)

    def lifetime(self) -> float:
        """Draw how long a node lives, in seconds."""
        rate = self.options.failures_per_gpu_hour * GPUS_PER_NODE / 3600
        return self.rng.expovariate(rate) if rate else math.inf

    def at(self, delay: float, what: str, subject: Any = None) -> None:
        """Let something happen after so many seconds."""
        heapq.heappush(self.events, (self.now + delay, next(self.counter), what, subject))

    def drive(self, part: str, seconds: float, what: str, subject: Any) -> None:
        """Let the driver do something, after what it does already; `what` happens when it is done."""
        self.driver_free = max(self.driver_free, self.now) + seconds
        self.driver_busy[part] += seconds
        self.at(self.driver_free - self.now, what, subject)

    def result(self) -> Row:
        """Run all cycles."""
        o = self.options
        count, training = o.candidates_per_gpu * self.gpus, 0.0
        for cycle in range(o.cycles):
            if cycle:
                self.now += o.train_seconds
                training += o.train_seconds
            self.explore(count)
        generation = count * o.cycles / (o.completions_per_minute / 60) / self.servers
        shares = {part: seconds / self.now for part, seconds in self.driver_busy.items()}
        return Row(
            gpus=self.gpus,
            judged=count * o.cycles,
            seconds=self.now,
            generation=generation / self.now,
            judging=self.judging_busy / self.workers / self.now,
            driver=shares,
            training=training / self.now,
            deaths=self.deaths,
            again=self.again,
        )

    def explore(self, count: int) -> None:
        """Write and judge `count` candidates: each is judged as soon as it is written."""
        times, rate = self.options.times, self.options.completions_per_minute / 60
        hear = times.hear + times.hear_per_worker * self.workers
        for number in range(count):
            self.at((number // self.servers + 1) / rate, "completed", number)
        to_do: list[int] = []
        done: set[int] = set()
        duration = [self.judging_time() for _ in range(count)]
        in_hand: dict[int, tuple[int, float]] = {}  # by worker: the candidate, and since when
        idle = [worker for worker in range(self.workers) if worker % self.nodes not in self.down]
        turn = decided = 0
        while decided < count:
            moment, _, what, subject = heapq.heappop(self.events)
            self.now = max(self.now, moment)  # nodes die while the model is trained, too
            if what == "completed":
                self.drive("rows", times.write, "written", subject)
            elif what == "written" or what == "lost":
                heapq.heappush(to_do, subject)
            elif what == "finished":
                worker, life = subject
                if life == self.life[worker]:
                    self.drive("Ray", hear, "heard", subject)
            elif what == "heard":
                worker, life = subject
                number, since = in_hand.pop(worker, (None, 0.0)) if life == self.life[worker] else (None, 0.0)
                if number is not None:
                    self.judging_busy += duration[number]
                    done.add(number)
                    idle.append(worker)
            elif what == "decided":
                decided += 1
            elif what == "dies":
                self.deaths += 1
                self.down.add(subject)
                for worker in range(subject, self.workers, self.nodes):
                    self.life[worker] += 1
                    if worker in in_hand:
                        number, since = in_hand.pop(worker)
                        self.judging_busy += self.now - since
                        self.again += 1
                        self.at(self.options.detect_seconds, "lost", number)
                idle = [worker for worker in idle if worker % self.nodes != subject]
                self.at(self.options.repair_seconds, "returns", subject)
            elif what == "returns":
                self.down.remove(subject)
                idle += range(subject, self.workers, self.nodes)
                self.at(self.lifetime(), "dies", subject)
            while to_do and idle:
                worker, number = idle.pop(), heapq.heappop(to_do)
                in_hand[worker] = (number, self.now)
                self.at(duration[number], "finished", (worker, self.life[worker]))
            while turn in done:
                done.remove(turn)
                turn += 1
                valid = self.rng.random() < self.options.valid_share
                if valid:
                    self.drive("nearest program", _nearest_seconds(self.corpus), "compared", None)
                    self.corpus += 1
                self.drive("rows", times.commit, "decided", None)


def _lognormal(mean: float, p90: float) -> tuple[float, float]:
    """Return mu and sigma of the lognormal distribution with that mean and 90% quantile."""
    z = statistics.NormalDist().inv_cdf(0.9)
    sigma = z - math.sqrt(max(0.0, z * z - 2 * math.log(p90 / mean)))
    return math.log(mean) - sigma * sigma / 2, sigma


def _nearest_seconds(corpus: int) -> float:
    """Return the seconds to find the nearest of so many programs, between what was measured."""
    sizes = sorted(NEAREST)
    size = min(max(corpus, 1), sizes[-1])
    if size <= sizes[0]:
        return NEAREST[sizes[0]] * size / sizes[0]
    above = next(each for each in sizes if each >= size)
    below = sizes[sizes.index(above) - 1]
    share = math.log(size / below) / math.log(above / below)
    return NEAREST[below] * (NEAREST[above] / NEAREST[below]) ** share


def measured_times(programs: int) -> Times:
    """Return the driver's times on this machine, over so many programs of the grammar."""
    from corpus.config import CorpusConfig
    from corpus.ledger.writer import LedgerWriter
    from corpus.novelty.gate import AdmissionGate
    from corpus.records.candidates import Candidate, Origin
    from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
    from evaluator.tasks import task_spec
    from generator.grammar import sample_program

    shape = task_spec("digits").shape
    writes, commits = [], []
    with tempfile.TemporaryDirectory() as home, LedgerWriter.create(Path(home) / "corpus.db") as ledger:
        gate = AdmissionGate.from_ledger(ledger, CorpusConfig())
        for index in range(programs):
            source = sample_program(random.Random(index), shape).source
            candidate = Candidate(
                id=f"c000/{index:04d}", origin=Origin.SAMPLED, source=source, completion=source,
                cycle=0, index=index, generator="grammar",
            )  # fmt: skip
            begun = time.process_time()
            ledger.add_candidates([candidate])
            writes.append(time.process_time() - begun)
            judged = Evaluation(
                candidate_id=candidate.id, protocol_id="digits-v1/e1", status=EvaluationStatus.BELOW_CHANCE,
                stage=Stage.DONE, accuracy=0.1, losses=(2.3,) * 16, wall_seconds=1.0,
            )  # fmt: skip
            begun = time.process_time()
            ledger.add_judgement(judged, gate.decide(judged, candidate))
            commits.append(time.process_time() - begun)
    few, many = (_ray_seconds(workers) for workers in (10, 1000))
    per_worker = max(0.0, (many - few) / 990)
    return Times(statistics.median(writes), statistics.median(commits), few - 10 * per_worker, per_worker)


def _ray_seconds(calls: int) -> float:
    """Return what the driver spends on one result from Ray while so many calls are open."""
    import ray

    from cycles.config.scale import ScaleConfig
    from cycles.scale.cluster import joined
    from cycles.scale.crew import Crew, _Worker
    from evaluator.config import EvaluatorConfig

    class Sleeper:
        def sleep(self, seconds: float) -> str:
            time.sleep(seconds)
            return "x" * 2000

    with joined("local"):
        actor, quick = (ray.remote(num_cpus=0)(Sleeper).remote() for _ in range(2))
        ray.get(quick.sleep.remote(0))
        crew = Crew(ScaleConfig(), EvaluatorConfig(), "", welcome=print, note=print)
        crew.size = calls
        there: Any = "a greeting"
        crew._workers = [_Worker(actor, actor.sleep.remote(3600), there) for _ in range(calls - 1)]
        crew._workers.append(_Worker(quick, None, there))
        spent = []
        for number in range(30):
            begun = time.process_time()
            crew.take(number, "sleep", 0, 60.0)
            sent = time.process_time() - begun
            time.sleep(0.05)
            begun = time.process_time()
            crew.hear(wait=False)
            spent.append(sent + time.process_time() - begun)
        return statistics.median(spent)


def _line(row: Row, first: Row) -> str:
    rate = row.judged / row.seconds * 3600
    growth = rate / (first.judged / first.seconds * 3600)
    part, share = max(row.driver.items(), key=lambda each: each[1])
    driver = sum(row.driver.values())
    stages = {
        "generation": row.generation,
        "judging": row.judging,
        "driver": driver,
        "training": row.training,
    }
    return (
        f"| {row.gpus:,} | {row.judged:,} | {row.seconds / 60:,.1f} | {rate:,.0f} | {growth:.1f} | "
        f"{row.generation:.0%} | {row.judging:.0%} | {driver:.0%} ({part} {share:.0%}) | "
        f"{row.training:.0%} | {max(stages, key=lambda each: stages[each])} | {row.deaths} | {row.again} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--gpus", type=int, nargs="+", default=[8, 32, 128, 512, 1000])
    add("--cycles", type=int, default=4)
    add("--candidates-per-gpu", type=int, default=100, help="in each cycle (100)")
    add("--generation-share", type=float, default=0.25, help="of the GPUs that serve the model (0.25)")
    add("--completions-per-minute", type=float, default=496.0, help="of one server (496)")
    add(
        "--judges-per-gpu",
        type=int,
        default=8,
        help="programs judged at a time beside each GPU (8); 1: on it",
    )
    add("--judge-seconds", type=float, default=1.33, help="mean of a judgement (1.33)")
    add("--judge-p90", type=float, default=2.48, help="its 90%% quantile (2.48)")
    add("--train-seconds", type=float, default=60.0, help="of a fine-tuning (60)")
    add("--valid-share", type=float, default=0.5, help="of the candidates, which are compared (0.5)")
    add(
        "--failures-per-gpu-hour",
        type=float,
        default=2e-5,
        help="a node is 8 GPUs (2e-5: 419 in 54 days of 16,384)",
    )
    add("--detect-seconds", type=float, default=30.0, help="until a node's death is noticed (30)")
    add("--repair-seconds", type=float, default=600.0, help="until it is back (600)")
    add(
        "--times",
        type=float,
        nargs=4,
        default=MEASURED,
        metavar="S",
        help="the driver's, as --measure prints them",
    )
    add("--measure", action="store_true", help="measure the driver's times first (needs the extra `ray`)")
    add("--programs", type=int, default=500, help="that --measure writes (500)")
    add("--seed", type=int, default=0)
    options = parser.parse_args()
    options.times = measured_times(options.programs) if options.measure else Times(*options.times)
    print("driver's times, s: " + " ".join(f"{each:.2g}" for each in options.times) + "\n")
    print(
        "| GPUs | judged | minutes | per hour | x | generation | judging | driver | training | fullest "
        "| deaths | again |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    rows = [Run(options, gpus, random.Random(f"{options.seed}/{gpus}")).result() for gpus in options.gpus]
    for row in rows:
        print(_line(row, rows[0]))


if __name__ == "__main__":
    main()
