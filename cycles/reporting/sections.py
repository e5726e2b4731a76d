"""The parts of the page that consist of words and numbers: headline, comparison, times, settings.

Returns plain values for the template. It does *not* make markup: the template escapes what it is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from corpus.novelty.threshold import fixed_threshold
from corpus.records.evaluations import EvaluationStatus
from corpus.records.text import visible
from corpus.records.trainings import CycleStage
from cycles.figures.comparison import Comparison
from cycles.figures.quantities import counted, percent
from cycles.figures.records import CycleReport
from cycles.figures.runs import RunData
from cycles.reporting.arms import Arm, thinned
from cycles.reporting.curves import Figure, decimals, series_of
from cycles.reporting.svg import short


class Tile(NamedTuple):
    """One figure of the headline: now, its interval, and what it was in the first cycle."""

    title: str
    note: str
    now: str
    interval: str
    before: str


def tiles(arm: Arm, shown: Sequence[Figure]) -> list[Tile]:
    """Return the headline's figures of an arm, none before its first complete cycle."""
    wanted = [figure for figure in shown if figure.headline]
    return [tile for figure in wanted if (tile := _tile(figure, arm)) is not None]


def _tile(figure: Figure, arm: Arm) -> Tile | None:
    points = series_of(figure, arm).points
    if not points:
        return None
    (first, before, _, _), (_, now, low, high) = points[0], points[-1]
    interval = f"{figure.form(low)} to {figure.form(high)}" if high > low else ""
    was = f"from {figure.form(before)} in cycle {first}" if len(points) > 1 else ""
    return Tile(figure.title, figure.note, figure.form(now), interval, was)


class Said(NamedTuple):
    """One comparison in words: both figures, their difference, its interval."""

    loop: str
    control: str
    difference: str
    interval: str


def comparison_sentence(row: Comparison) -> Said:
    """Return one comparison in words; differences of shares are in percentage points."""
    value, low, high = row.difference
    if not row.share:
        return Said(decimals(row.loop), decimals(row.baseline), f"{value:+.3f}", f"[{low:+.3f}, {high:+.3f}]")
    points = f"{100 * value:+.0f} points"
    return Said(percent(row.loop), percent(row.baseline), points, f"[{100 * low:+.0f}, {100 * high:+.0f}]")


@dataclass(frozen=True)
class Column:
    """A column of the comparison of runs: heading, value of a run, its form, and whether more is better."""

    heading: str
    value: Callable[[RunData], float | None]
    form: Callable[[float], str]
    more_is_better: bool | None = None


class Cell(NamedTuple):
    """A cell of the comparison, marked if no other run does better."""

    text: str
    best: bool


def compared(runs: Sequence[RunData]) -> tuple[list[str], list[tuple[RunData, list[Cell]]]]:
    """Return headings and rows of the table of runs; a best value is marked where runs differ."""

    def last(of: Callable[[CycleReport], float | None]) -> Callable[[RunData], float | None]:
        return lambda run: of(run.reports[-1]) if run.reports else None

    metric = runs[0].metric
    more = not metric.less_is_better
    fixed = fixed_threshold(runs[0].config.corpus, metric) is not None
    strong = Column(
        "above threshold, last cycle", last(lambda r: r.strong.value if r.strong else None), percent, True
    )
    columns = [
        Column("seed", lambda run: run.config.seed, lambda value: f"{value:.0f}"),
        Column("cycles", lambda run: len(run.reports), lambda value: f"{value:.0f}"),
        Column("candidates", lambda run: len(run.judged), lambda value: f"{value:,.0f}"),
        Column("valid, last cycle", last(lambda r: r.valid.value), percent, True),
        Column(
            f"{metric.averaged} of all, last cycle",
            last(lambda r: metric.of(r.mean_accuracy_all.value)),
            decimals,
            more,
        ),
        *([strong] if fixed else []),
        Column(f"best {metric.heading}", _best, decimals, more),
        Column("admitted", lambda run: sum(row.admitted.count for row in run.reports), str, True),
        Column("similarity, last cycle", last(lambda r: r.median_jaccard), decimals, False),
        Column("distinct designs, last cycle", last(lambda r: r.unique_skeletons), percent, True),
        Column("minutes", lambda run: total_seconds(run) / 60, lambda value: f"{value:.1f}"),
    ]
    values = [[column.value(run) for run in runs] for column in columns]
    table = []
    for place, run in enumerate(runs):
        cells = []
        for column, known in zip(columns, values, strict=True):
            value = known[place]
            numbers = [number for number in known if number is not None]
            best = (max if column.more_is_better else min)(numbers, default=None)
            marked = column.more_is_better is not None and value == best and len(set(numbers)) > 1
            cells.append(Cell("-" if value is None else column.form(value), marked))
        table.append((run, cells))
    return [column.heading for column in columns], table


def _best(run: RunData) -> float | None:
    scores = [row.best_accuracy for row in run.reports if row.best_accuracy is not None]
    return run.metric.of(max(scores)) if scores else None


def admitted_words(run: RunData) -> str:
    """Return in a sentence which programs a run admits, novelty aside."""
    metric, corpus = run.metric, run.config.corpus
    least = fixed_threshold(corpus, metric)
    if least is None:
        return f"programs among the best {percent(corpus.best_share)} of the valid so far are admitted"
    side = "most" if metric.less_is_better else "least"
    return f"programs of at {side} {metric.of(least):g} {metric.words} are admitted"


def total_seconds(run: RunData) -> float:
    """Return the wall time of all stages of the complete cycles."""
    return sum(seconds for report in run.reports for seconds in report.stage_seconds.values())


class StageRow(NamedTuple):
    """One stage of an arm: its wall time in all, its share, and how much work that was."""

    stage: str
    seconds: str
    share: str
    work: str


def stages(arm: Arm) -> list[StageRow]:
    """Return time and work by stage, added up over the arm's runs and complete cycles."""
    reports = [report for run in arm.runs for report in run.reports]
    seconds = {stage: sum(row.stage_seconds.get(stage, 0.0) for row in reports) for stage in CycleStage}
    whole = sum(seconds.values()) or 1.0
    tokens = sum(row.mean_tokens * row.candidates for row in reports)
    candidates = sum(row.candidates for row in reports)
    trainings = [row.training for row in reports if row.training]
    steps = sum(row.steps for row in trainings)
    learning = f"{len(trainings)} fine-tunings, {steps:,} steps" if trainings else "no fine-tuning"
    undone = sum(report.guard is not None and report.guard.rolled_back for report in reports)
    learning += f", {undone} rolled back" if undone else ""
    writing = _pace(tokens, seconds[CycleStage.GENERATE], "a second", 1)
    judging = _pace(candidates, seconds[CycleStage.JUDGE], "an hour", 3600)
    work = {
        CycleStage.TRAIN: learning,
        CycleStage.GENERATE: f"{tokens:,.0f} tokens{writing}",
        CycleStage.JUDGE: f"{candidates:,} programs{judging}",
    }
    return [
        StageRow(stage, f"{seconds[stage]:,.0f} s", percent(seconds[stage] / whole), work[stage])
        for stage in CycleStage
    ]


def _pace(amount: float, seconds: float, unit: str, factor: int) -> str:
    return f", {short(amount / seconds * factor)} {unit}" if seconds > 0 else ""


class Origins(NamedTuple):
    """Where an arm's candidates come from, in words: steps of the search, who decided, answers by path."""

    operators: str
    decided: str
    calls: str


def origins(arm: Arm) -> Origins | None:
    """Return where the candidates come from, over the arm's runs and cycles; None where nothing was noted."""
    reports = [report for run in arm.runs for report in run.reports]
    operators, decided, calls = Counter[str](), Counter[str](), Counter[str]()
    for report in reports:
        operators.update(report.operators)
        decided.update({who.value: count for who, count in report.decided.items()})
        calls.update({path.value: count for path, count in report.calls.items()})
    if not operators:
        return None
    return Origins(_shares(operators), _shares(decided) or "nothing noted", _shares(calls) or "none")


def _shares(counts: Counter[str]) -> str:
    """Return counts with their shares, the largest first: `model 480 (100%)`."""
    total = counts.total()
    return ", ".join(f"{name} {count:,} ({percent(count / total)})" for name, count in counts.most_common())


def status_rows(arm: Arm) -> tuple[list[int], list[tuple[str, list[int]]]]:
    """Return the cycles, and for each status that occurs its counts in them; of cycles that are drawn."""
    counts = {
        cycle: Counter(row.evaluation.status for row in arm.judged(cycle)) for cycle in thinned(arm.cycles)
    }
    rows = [
        (status.value, [found[status] for found in counts.values()])
        for status in EvaluationStatus
        if any(status in found for found in counts.values())
    ]
    return list(counts), rows


def settings(run: RunData) -> list[tuple[str, str]]:
    """Return what somebody must know to repeat a run: the settings that matter most, and the versions."""
    config, environment = run.config, run.environment
    packages = environment.get("packages")
    known = packages if isinstance(packages, dict) else {}
    versions = ", ".join(f"{name} {value}" for name, value in known.items() if value)
    corpus, writer = config.corpus, config.generator
    processors = environment.get("cpu_count", "?")
    rows = [
        ("arm", f"{run.arm.words}, seed {config.seed}"),
        (
            "budget",
            f"{counted(config.cycles, 'cycle')} of {counted(config.candidates, 'candidate')}{_limits(run)}",
        ),
        ("model", f"{writer.model} ({writer.sampler}), temperature {writer.temperature:g}"),
        ("protocol", ", ".join(sorted(run.protocols)) or "nothing judged yet"),
        ("admission", f"{_threshold_words(run)}, similarity below {corpus.tau:g}"),
        ("fine-tuning", f"rank {config.finetune.rank}, learning rate {config.finetune.learning_rate:g}"),
        ("machine", f"{environment.get('platform', 'unknown')}, {processors} processors"),
        ("versions", versions or "unknown"),
        ("directory", str(run.path)),
    ]
    return [(name, visible(value)) for name, value in rows]


def _limits(run: RunData) -> str:
    limits = run.config.budget.model_dump(exclude_none=True)
    return "".join(f", {key} {value:,}" for key, value in limits.items())


def _threshold_words(run: RunData) -> str:
    corpus = run.config.corpus
    least = fixed_threshold(corpus, run.metric)
    if least is not None:
        return run.metric.reached(least)
    among = f"among the best {percent(corpus.best_share)} of the valid so far"
    return f"{run.metric.words} {among}, once these are {corpus.known_valid}"
