"""The task `adddigits`: one digit in each colour channel, and the class is their sum less one.

In the style of AddNIST (Geada et al. 2024, "Insights from the Use of Previously Unseen Neural Architecture
Search Datasets"; 20 classes of equal size, label `(r + g + b) - 1`), with scikit-learn's 8x8 digits in place
of MNIST's. A network has to recognise three digits and to add them, which images of things never ask for.

A split combines only the originals of its own split: no digit drawn by hand is in two of them.
"""

from __future__ import annotations

import itertools

import numpy as np

from evaluator.tasks.generated.dice import dice
from evaluator.tasks.generated.digits import clean_digits
from evaluator.tasks.task import Examples, Splits

CLASSES = 20
IMAGES = (45_000, 5_000, 5_000)
"""Images for training, validation and test; the same number of each class."""

_SEED = 20240118


def added_digits(task_seed: int = 0) -> Splits:
    """Return the three splits, images `(N, 3, 8, 8)`.

    Args:
        task_seed: Decides which digits of a split are combined, and the order of the images.
    """
    clean = clean_digits()
    parts = zip((clean.train, clean.val, clean.test), IMAGES, strict=True)
    train, val, test = (
        _combine(split, count, dice(_SEED, stream, task_seed=task_seed))
        for stream, (split, count) in enumerate(parts)
    )
    return Splits(train, val, test)


def _combine(digits: Examples, count: int, generator: np.random.Generator) -> Examples:
    labels = generator.permutation(np.arange(count) % CLASSES)
    triples = np.empty((count, 3), dtype=np.int64)
    for label in range(CLASSES):
        chosen = np.flatnonzero(labels == label)
        terms = [each for each in itertools.product(range(10), repeat=3) if sum(each) - 1 == label]
        triples[chosen] = np.array(terms)[generator.integers(0, len(terms), size=len(chosen))]
    originals = np.empty((count, 3), dtype=np.int64)
    for digit in range(10):
        places = triples == digit
        originals[places] = generator.choice(np.flatnonzero(digits.targets == digit), size=int(places.sum()))
    return Examples(digits.inputs[originals, 0], labels.astype(np.int64))  # (N, 3, 8, 8)
