"""The metrics by which tasks are judged, as scores in [0, 1] of which more is better.

    markers  a marker for each kind, which takes answers batch by batch

Pure NumPy, but for scikit-learn's average precision. Nothing here knows processes, frames or splits: the
supervisor marks answers with it, and `evaluator.tasks` constant ones.
"""

from evaluator.metrics.markers import Marker, marker, score

__all__ = ["Marker", "marker", "score"]
