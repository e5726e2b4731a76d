"""The closed loop against its controls: a difference, its 95% interval, and a plain verdict.

Runs are comparable if they were judged under one protocol with one budget, and are paired by seed. With two
pairs or more the seeds are the unit: Student's t interval over the differences. With one pair only the
candidates within the runs vary: the interval is put together from those of the two figures (MOVER: Zou and
Donner 2008, Statistics in Medicine 27; for rates this is Newcombe's), and says nothing of other seeds.

A verdict is "met" only if the whole interval lies above zero, for the figure that is named first. This module
does *not* correct for looking at several figures, and looks at the last complete cycle alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import hypot

from corpus.records.tasks.kinds import Metric
from cycles.config.arms import CLOSED_LOOP, in_order
from cycles.figures.records import CycleReport, Interval, Mean, Rate
from cycles.figures.runs import RunData
from cycles.figures.statistics import mean_interval

Figure = Callable[[CycleReport], Rate | Mean | None]


def compared_figures(metric: Metric) -> dict[str, Figure]:
    """Return what is compared, by its name: scores, so that more is better; the first decides the verdict."""
    return {
        f"mean {metric.score_words} of all candidates": lambda report: report.mean_accuracy_all,
        "valid rate": lambda report: report.valid,
        "share above the threshold": lambda report: report.strong,
    }


class Outcome(StrEnum):
    """What a comparison came to."""

    MET = "met"
    """The whole interval of the difference lies above zero."""
    NOT_MET = "not met"
    """It does not."""


@dataclass(frozen=True)
class Comparison:
    """One figure of the closed loop minus the same figure of one control.

    Attributes:
        figure: Its name.
        control: The control arm, in words.
        loop: The loop's figure, averaged over the pairs.
        baseline: The control's.
        difference: Their difference.
        pairs: Pairs of runs with equal seeds.
        cycle: The cycle that is compared: the last one complete in all of them.
        deciding: Whether the verdict goes by it.
        share: Whether it is a share of candidates, and no mean of scores.
    """

    figure: str
    control: str
    loop: float
    baseline: float
    difference: Interval
    pairs: int
    cycle: int
    deciding: bool
    share: bool

    @property
    def outcome(self) -> Outcome:
        """Whether the loop is above the control beyond doubt."""
        return Outcome.MET if self.difference.low > 0 else Outcome.NOT_MET


@dataclass(frozen=True)
class Verdict:
    """All comparisons among the runs of a report, and why there are not more.

    Attributes:
        comparisons: By control and figure, the deciding figure of each control first.
        remarks: What keeps runs from being compared, in sentences.
    """

    comparisons: list[Comparison]
    remarks: list[str]

    @property
    def deciding(self) -> list[Comparison]:
        """The comparison that decides, for each control."""
        return [row for row in self.comparisons if row.deciding]


def verdict(runs: Sequence[RunData]) -> Verdict:
    """Return what the given runs say about the closed loop against each control among them."""
    loops = [run for run in runs if run.arm == CLOSED_LOOP]
    comparisons: list[Comparison] = []
    remarks: list[str] = []
    for control in in_order({run.arm for run in runs} - {CLOSED_LOOP}) if loops else []:
        baselines = [run for run in runs if run.arm == control]
        pairs = _pairs(loops, baselines)
        name = control.words
        if not pairs:
            remarks.append(
                f"The {name} cannot be compared: no two runs share seed, budget and protocol "
                "and have a complete cycle in common."
            )
            continue
        cycle = min(run.reports[-1].cycle for pair in pairs for run in pair)
        rows = [(_report_of(loop, cycle), _report_of(baseline, cycle)) for loop, baseline in pairs]
        for place, (figure, of) in enumerate(compared_figures(rows[0][0].metric).items()):
            found = _compare(figure, of, name, rows, cycle, deciding=place == 0)
            comparisons += [found] if found is not None else []
        if cycle == 0:
            remarks.append("Cycle 0 comes before any fine-tuning: the arms do not differ yet.")
    return Verdict(comparisons, list(dict.fromkeys(remarks)))


def _pairs(loops: Sequence[RunData], baselines: Sequence[RunData]) -> list[tuple[RunData, RunData]]:
    """Return each loop with the first control of the same seed, protocol and budget; each run once."""
    left = list(baselines)
    pairs = []
    for loop in loops:
        partner = next((other for other in left if _comparable(loop, other)), None)
        if partner is not None:
            left.remove(partner)
            pairs.append((loop, partner))
    return pairs


def _comparable(loop: RunData, other: RunData) -> bool:
    def budget(run: RunData) -> tuple[object, ...]:
        config = run.config
        return config.seed, config.candidates, config.corpus, config.generator, run.protocols

    return bool(loop.reports and other.reports) and budget(loop) == budget(other)


def _report_of(run: RunData, cycle: int) -> CycleReport:
    return next(report for report in run.reports if report.cycle == cycle)


def _compare(
    figure: str,
    of: Figure,
    control: str,
    rows: Sequence[tuple[CycleReport, CycleReport]],
    cycle: int,
    *,
    deciding: bool,
) -> Comparison | None:
    """Return one figure compared, None where the runs do not have it."""
    found = [(of(loop), of(baseline)) for loop, baseline in rows]
    values = [(ours, theirs) for ours, theirs in found if ours is not None and theirs is not None]
    if len(values) < len(found):
        return None
    if len(values) == 1:
        difference = between(*values[0])
    else:
        mean = mean_interval([a.value - b.value for a, b in values], bounds=(-1.0, 1.0))
        difference = Interval(mean.value, mean.low, mean.high)
    return Comparison(
        figure=figure,
        control=control,
        loop=sum(a.value for a, _ in values) / len(values),
        baseline=sum(b.value for _, b in values) / len(values),
        difference=difference,
        pairs=len(values),
        cycle=cycle,
        deciding=deciding,
        share=isinstance(values[0][0], Rate),
    )


def between(first: Rate | Mean, second: Rate | Mean) -> Interval:
    """Return `first - second` with an interval put together from theirs (MOVER)."""
    value = first.value - second.value
    low = value - hypot(first.value - first.low, second.high - second.value)
    high = value + hypot(first.high - first.value, second.value - second.low)
    return Interval(value, low, high)
