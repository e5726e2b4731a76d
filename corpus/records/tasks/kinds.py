"""The kinds of task, and the metric by which each is judged.

Whatever the metric, the ledger holds a *score* in [0, 1] of which more is better, so that selection,
admission and every search work on all kinds alike; it stands in the field `accuracy` of an evaluation. The
score is the metric itself, but for the relative L2 error, of which less is better: its score is `1 - error`,
and 0 for an error of 1 or more, which the answer 0 everywhere has.

Whatever people read takes its words from here, and shows the metric itself, so `metric.of(score)`; where that
would turn the meaning round (areas, differences), the score under its own name.

This module does *not* compute metrics (`evaluator` does).
"""

from __future__ import annotations

from enum import StrEnum


class Metric(StrEnum):
    """What the score of a task means, in the words of a protocol's id."""

    ACCURACY = "accuracy"
    """Share of inputs whose class is the one with the largest score (top-1)."""
    MEAN_AVERAGE_PRECISION = "mean-average-precision"
    """Area under the precision-recall curve of each label over the split, averaged over the labels."""
    MEAN_IOU = "mean-iou"
    """Intersection over union of the positions of each class over the split, averaged over the classes."""
    RELATIVE_L2 = "relative-l2"
    """L2 norm of the error by that of the target, averaged over the examples."""

    @property
    def less_is_better(self) -> bool:
        """Whether the metric is an error."""
        return self is Metric.RELATIVE_L2

    @property
    def words(self) -> str:
        """Its name within a sentence, such as `mean IoU`."""
        return _NAMES[self][0]

    @property
    def short(self) -> str:
        """Its name over a narrow column, such as `mIoU`."""
        return _NAMES[self][1]

    @property
    def heading(self) -> str:
        """Its name, and the better direction where that is not upwards: `relative L2 (lower is better)`."""
        return f"{self.words} (lower is better)" if self.less_is_better else self.words

    @property
    def score_words(self) -> str:
        """What its score is called: its own name, or `1 - relative L2`."""
        return f"1 - {self.words}" if self.less_is_better else self.words

    @property
    def averaged(self) -> str:
        """What its mean over programs is called: `mean accuracy`, `mean of mean IoU`."""
        return f"mean of {self.words}" if self.words.startswith("mean ") else f"mean {self.words}"

    def of(self, score: float) -> float:
        """Return the metric's value that a score in [0, 1] stands for."""
        return 1.0 - score if self.less_is_better else score

    def interval(self, low: float, high: float) -> tuple[float, float]:
        """Return the ends of an interval of scores as values of the metric, the smaller one first."""
        return (self.of(high), self.of(low)) if self.less_is_better else (low, high)

    def shown(self, score: float) -> str:
        """Return what a score stands for as people write it: a share in per cent, an error as a number."""
        return f"{self.of(score):.3f}" if self.less_is_better else f"{100 * score:.1f}%"

    def reached(self, score: float) -> str:
        """Return in words what reaches a score: `accuracy of at least 0.4`, `relative L2 of at most 0.6`."""
        return f"{self.words} of at {'most' if self.less_is_better else 'least'} {self.of(score):g}"


_NAMES = {
    Metric.ACCURACY: ("accuracy", "acc."),
    Metric.MEAN_AVERAGE_PRECISION: ("mean average precision", "mAP"),
    Metric.MEAN_IOU: ("mean IoU", "mIoU"),
    Metric.RELATIVE_L2: ("relative L2", "rel. L2"),
}


class TaskKind(StrEnum):
    """What a network is asked for each input, and so which targets, loss and metric there are."""

    SINGLE_LABEL = "single-label"
    """Which of the classes it shows. Targets int64 `()`, cross-entropy, accuracy."""
    MULTI_LABEL = "multi-label"
    """Which of the labels hold, any number of them. Targets float32 `(K,)` of 0 and 1, binary cross-entropy
    on logits, mean average precision."""
    SEGMENTATION = "segmentation"
    """The class of every position. Targets int64 `(H, W)` or `(L,)`, cross-entropy, mean IoU."""
    REGRESSION = "regression"
    """A number, or several, at every position. Targets float32 `(K, H, W)` or `(K, L)`, mean squared error,
    relative L2."""

    @property
    def dense(self) -> bool:
        """Whether there is an answer for every position of the input."""
        return self in (TaskKind.SEGMENTATION, TaskKind.REGRESSION)

    @property
    def metric(self) -> Metric:
        """The metric by which it is judged."""
        return {
            TaskKind.SINGLE_LABEL: Metric.ACCURACY,
            TaskKind.MULTI_LABEL: Metric.MEAN_AVERAGE_PRECISION,
            TaskKind.SEGMENTATION: Metric.MEAN_IOU,
            TaskKind.REGRESSION: Metric.RELATIVE_L2,
        }[self]

    @property
    def loss(self) -> str:
        """The class of `torch.nn` by whose loss programs for it are trained, unless they bring their own."""
        return {
            TaskKind.SINGLE_LABEL: "CrossEntropyLoss",
            TaskKind.MULTI_LABEL: "BCEWithLogitsLoss",
            TaskKind.SEGMENTATION: "CrossEntropyLoss",
            TaskKind.REGRESSION: "MSELoss",
        }[self]
