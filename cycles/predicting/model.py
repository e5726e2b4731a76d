"""The predictor: from the features of programs to their scores, by a seeded ensemble of trees.

By default extremely randomised trees (Geurts, Ernst and Wehenkel 2006), else gradient boosting (Friedman
2001), both as scikit-learn has them. Missing features are filled in with the median of those known. Trees of
the first kind split at random places of a feature's range, so that one huge loss would spoil it: features are
brought to a logarithmic scale, sign(x) log(1 + |x|). Settings are our choice, one for all tasks and runs.

This module does *not* know what features mean, or how good a predictor is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from cycles.predicting.features import Features

Learner = Literal["forest", "boosting"]

LEAST_KNOWN = 25
"""Programs that a predictor learns from before it ranks others. Our choice: the first cycle of the main
job builds more, and they rank its second cycle already (docs/prediction.md)."""

TREES = 100
"""Of either kind. Our choice."""


class Predictor:
    """Predicts scores; equal rows give equal predictions.

    Args:
        seed: Seeds the trees.
        learner: Which kind of ensemble.
    """

    def __init__(self, seed: int = 0, learner: Learner = "forest") -> None:
        self._seed, self._learner = seed, learner
        self._model: Any = None

    def fit(self, rows: Sequence[Features], scores: Sequence[float]) -> Predictor:
        """Learn from programs whose scores are known, and return this predictor.

        A feature that a row lacks is 0, one that is NaN is missing.

        Raises:
            ValueError: There is no row.
        """
        from sklearn.feature_extraction import DictVectorizer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer

        self._model = make_pipeline(
            DictVectorizer(sparse=False),
            FunctionTransformer(_to_logarithmic_scale),
            SimpleImputer(strategy="median", keep_empty_features=True),
            self._trees(),
        )
        self._model.fit(list(rows), list(scores))
        return self

    def predict(self, rows: Sequence[Features]) -> list[float]:
        """Return the predicted scores; features that no row of the fit had are not looked at."""
        return [float(each) for each in self._model.predict(list(rows))] if rows else []

    def _trees(self) -> Any:
        from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor

        if self._learner == "boosting":
            return GradientBoostingRegressor(
                n_estimators=TREES, learning_rate=0.1, max_depth=4, subsample=0.7, max_features=0.3,
                random_state=self._seed,
            )  # fmt: skip
        return ExtraTreesRegressor(TREES, min_samples_leaf=2, max_features=0.4, random_state=self._seed)


def _to_logarithmic_scale(table: Any) -> Any:
    import numpy as np

    return np.sign(table) * np.log1p(np.abs(table))
