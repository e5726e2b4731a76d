"""What a run is measured by: the metric of its rows, or of its task where nothing is judged yet.

Figures are computed from scores, of which more is better; whoever shows them asks here what they mean. Runs
of different metrics are never shown side by side. This module does *not* compute figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from corpus.records.mistakes import Mistake
from corpus.records.search.trials import Trial
from corpus.records.tasks.kinds import Metric
from corpus.records.tasks.shape import TaskShape
from cycles.config.run import RunConfig
from cycles.errors import UsageError
from evaluator.tasks import task_spec


def metric_of(config: RunConfig, judged: Iterable[Trial] = ()) -> Metric:
    """Return the metric that a run is judged by: its rows know it, and its task where there are none."""
    for row in judged:
        return row.evaluation.metric
    shape = shape_of(config)
    return Metric.ACCURACY if shape is None else shape.kind.metric


def shape_of(config: RunConfig) -> TaskShape | None:
    """Return what the run's task asks for, None where its files are elsewhere."""
    settings = config.evaluator
    try:
        return task_spec(settings.task, settings.data_path).resized(settings.resize).shape
    except (Mistake, OSError):
        return None


def validation_words(config: RunConfig, metric: Metric) -> str:
    """Return what selection looks at: `validation images`, or whatever the inputs are."""
    if metric is not Metric.ACCURACY:
        return "the validation split"
    shape = shape_of(config)
    return "the validation split" if shape is not None and shape.signal else "validation images"


def require_one_metric(metrics: Mapping[str, Metric]) -> None:
    """Do nothing where all runs are judged by one metric.

    Args:
        metrics: The metric of each run, by what the run is called.

    Raises:
        UsageError: They are judged by several.
    """
    first: dict[Metric, str] = {}
    for name, metric in metrics.items():
        first.setdefault(metric, name)
    if len(first) > 1:
        said = ", ".join(f"{name} by {metric.words}" for metric, name in first.items())
        raise UsageError(f"Runs of different tasks do not compare: {said}. Name runs of one metric alone.")
