"""What a report shows, read from a run's ledger in one pass: figures, candidates, exemplars, networks.

The figures of complete cycles never change, and are taken from metrics.jsonl where they stand there.
Reading takes no lock, so a run may be read while it goes on; a cycle under way contributes its judged
candidates to the table but no point to a curve. This module does *not* compute statistics
(`cycles.figures.cycle_report` does) or lay anything out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus.ledger.reader import Ledger
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.graphs import NetworkGraph
from corpus.records.search.trials import Trial
from corpus.records.tasks.kinds import Metric
from cycles.config.arms import ArmName, arm_of
from cycles.config.run import RunConfig
from cycles.figures.cycle_report import cycle_report
from cycles.figures.measure import metric_of, require_one_metric
from cycles.figures.metrics import noted_reports
from cycles.figures.records import CycleReport
from cycles.figures.status import RunStatus, run_status
from cycles.run.ideas import ideas_of
from cycles.run.run_directory import RunDirectory
from generator.ideas.pool import IdeaPool
from generator.spaces.operations import Operational
from generator.strategies.agentnas.seeds import BesideSeed, beside_seed

DRAWN_NETWORKS = 150
"""Networks that a run's report holds as pictures: those of its best candidates."""


@dataclass(frozen=True)
class RunData:
    """One run as the report sees it.

    Attributes:
        name: Short name, unique within the report.
        path: The run's directory.
        config: What the run was started with.
        environment: The run's `env.json`, empty if it cannot be read.
        state: How far the run is.
        reports: The figures of its complete cycles, in order.
        judged: All judged candidates, by cycle and index.
        referenced: Programs of the starting corpus that a judged candidate refers to.
        exemplars: Candidates that stood in the prompt, by candidate.
        taught: Candidates that the generator of a cycle learned from, by cycle.
        networks: Recorded networks of the best candidates, by candidate.
        adherence: Whether candidates followed what a navigator preferred, in sentences; empty without one.
        ideas: The design ideas that it went by, None without any.
    """

    name: str
    path: Path
    config: RunConfig
    environment: dict[str, Any]
    state: RunStatus
    reports: list[CycleReport]
    judged: list[Trial]
    referenced: list[tuple[Candidate, Evaluation | None]] = field(default_factory=list)
    exemplars: dict[str, tuple[str, ...]] = field(default_factory=dict)
    taught: dict[int, tuple[str, ...]] = field(default_factory=dict)
    networks: dict[str, NetworkGraph] = field(default_factory=dict)
    adherence: tuple[str, ...] = ()
    ideas: IdeaPool | None = None

    @property
    def arm(self) -> ArmName:
        """The arm of a comparison that this run is."""
        return arm_of(self.config)

    @cached_property
    def metric(self) -> Metric:
        """The metric by which its candidates are judged."""
        return metric_of(self.config, self.judged)

    @property
    def beside_seed(self) -> BesideSeed | None:
        """The seed of AgentNAS and the best network that is not it, None in other runs."""
        return beside_seed(self.judged)

    @cached_property
    def protocols(self) -> frozenset[str]:
        """Ids of the protocols that its candidates were judged under."""
        return frozenset(row.evaluation.protocol_id for row in self.judged)

    @cached_property
    def by_cycle(self) -> dict[int | None, list[Trial]]:
        """The judged candidates by their cycle."""
        found = defaultdict[int | None, list[Trial]](list)
        for row in self.judged:
            found[row.candidate.cycle].append(row)
        return dict(found)

    @cached_property
    def valid(self) -> list[Trial]:
        """The valid candidates, best first; equal accuracies in the order of the ledger."""
        found = [row for row in self.judged if row.evaluation.valid and row.evaluation.accuracy is not None]
        return sorted(found, key=lambda row: -(row.evaluation.accuracy or 0.0))


def gather(paths: Sequence[Path], known: MutableMapping[Path, RunData] | None = None) -> list[RunData]:
    """Return the data of the runs at `paths`, each under a name that no other has.

    Args:
        paths: Run directories.
        known: The runs as an earlier call found them, by path; brought up to date. What is complete never
            changes, so a page that is made again and again reads and counts its cycles once.

    Raises:
        UsageError: A path holds no run, or the runs are judged by different metrics.
        LedgerError: A ledger cannot be read.
    """
    earlier = {} if known is None else known
    runs = [
        _gather_run(path, name, earlier.get(path)) for path, name in zip(paths, _names(paths), strict=True)
    ]
    earlier.update(zip(paths, runs, strict=True))
    require_one_metric({str(run.path): run.metric for run in runs})
    return runs


def _names(paths: Sequence[Path]) -> list[str]:
    """Return the last parts of the paths, as many as it takes to tell them apart."""
    resolved = [path.resolve() for path in paths]
    for length in range(1, 1 + max(len(path.parts) for path in resolved)):
        names = ["/".join(path.parts[-length:]) for path in resolved]
        if len(set(names)) == len(set(resolved)):
            return names
    return [str(path) for path in resolved]


def _gather_run(path: Path, name: str, earlier: RunData | None) -> RunData:
    directory = RunDirectory.open(path)
    config = directory.config()
    with Ledger.open(directory.ledger_file) as ledger:
        state = run_status(ledger, config)
        complete = ledger.completed_cycles()
        reports = {report.cycle: report for report in earlier.reports} if earlier else {}
        read = {cycle: earlier.by_cycle.get(cycle, []) for cycle in reports} if earlier else {}
        if fresh := [cycle for cycle in complete if cycle not in reports]:
            noted = noted_reports(directory.metrics_file, ledger)
            reports |= {cycle: noted.get(cycle) or cycle_report(ledger, cycle, config) for cycle in fresh}
        # The current cycle may have been completed since the state was read.
        cycles = sorted({*complete, *([] if state.current is None else [state.current])})
        judged = [row for cycle in cycles for row in (read.get(cycle) or ledger.judged(cycle))]
        run = RunData(
            name=name,
            path=path,
            config=config,
            environment=directory.environment(),
            state=state,
            reports=[reports[cycle] for cycle in complete],
            judged=judged,
            exemplars=ledger.exemplars(),
            adherence=_adherence(ledger, config),
            ideas=ideas_of(ledger),
            taught={
                cycle: row.training_ids
                for cycle in cycles
                if (row := ledger.cycle_row(cycle)) is not None and row.training_ids
            },
        )
        run.referenced.extend(_referenced(ledger, run))
        run.networks.update(_networks(ledger, run.valid))
    return run


def _adherence(ledger: Ledger, config: RunConfig) -> tuple[str, ...]:
    if config.strategy.name != "collm":
        return ()
    from cycles.figures.adherence import adherence
    from cycles.parts import space_of

    space = space_of(config)
    if not isinstance(space, Operational):
        return ()
    return tuple(each.sentence for each in adherence(ledger, space))


def _referenced(ledger: Ledger, run: RunData) -> list[tuple[Candidate, Evaluation | None]]:
    """Return the programs of the starting corpus that the page will link to; the others may be very many."""
    wanted = {other for ids in run.exemplars.values() for other in ids}
    for row in run.judged:
        wanted.update(row.candidate.parents)
        wanted.update(filter(None, (row.admission.nearest_id, row.admission.twin_id)))
    wanted -= {row.candidate.id for row in run.judged}
    return ledger.admitted(among=wanted)


def _networks(ledger: Ledger, best: Sequence[Trial]) -> dict[str, NetworkGraph]:
    drawn = [row for row in best if row.evaluation.structure is not None][:DRAWN_NETWORKS]
    return {row.candidate.id: ledger.graph(row.evaluation.structure or "") for row in drawn}
