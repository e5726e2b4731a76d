"""The tasks: their shapes, their splits, and that they are the same everywhere."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from evaluator.errors import UnknownTaskError
from evaluator.tasks import Task, load_task, task_names, task_spec


@pytest.fixture(scope="module")
def digits() -> Task:
    return load_task("digits")


@pytest.fixture(scope="module")
def clean() -> Task:
    return load_task("digits-clean")


def test_the_default_task_has_three_renderings_of_each_training_digit(digits: Task) -> None:
    assert digits.train.images.shape == (3300, 1, 12, 12)
    assert digits.val.images.shape == (348, 1, 12, 12)
    assert digits.read_test().images.shape == (349, 1, 12, 12)


@pytest.mark.parametrize("name", task_names())
def test_the_declared_shape_is_that_of_the_images(name: str) -> None:
    task = load_task(name)
    shape = task.shape
    for split in (task.train, task.val, task.read_test()):
        assert split.images.shape[1:] == (shape.channels, shape.height, shape.width)
        assert split.images.dtype == np.uint8 and split.labels.dtype == np.int64
        assert set(split.labels.tolist()) == set(range(shape.classes))


def test_no_original_is_in_two_splits(clean: Task) -> None:
    originals = [
        {image.tobytes() for image in split.images} for split in (clean.train, clean.val, clean.read_test())
    ]
    assert sum(map(len, originals)) == len(set.union(*originals)) == 1797


def test_the_shifted_task_splits_the_originals_as_the_clean_one(digits: Task, clean: Task) -> None:
    assert (digits.train.labels[::3] == clean.train.labels).all()
    assert (digits.val.labels == clean.val.labels).all()
    assert (digits.read_test().labels == clean.read_test().labels).all()


def test_a_rendering_still_shows_its_original(digits: Task, clean: Task) -> None:
    """Best match over all places of the canvas: the right original correlates far more than another one."""

    def best_match(canvas: np.ndarray, original: np.ndarray) -> float:
        windows = np.lib.stride_tricks.sliding_window_view(canvas, (8, 8)).reshape(-1, 64)
        return max(float(np.corrcoef(window, original.ravel())[0, 1]) for window in windows)

    own = [best_match(digits.val.images[i, 0], clean.val.images[i, 0]) for i in range(20)]
    other = [best_match(digits.val.images[i, 0], clean.val.images[i + 20, 0]) for i in range(20)]
    assert np.median(own) > 0.8 > np.median(other)


def test_renderings_of_one_digit_differ(digits: Task) -> None:
    assert not np.array_equal(digits.train.images[0], digits.train.images[1])


def test_a_task_is_the_same_on_every_machine(digits: Task) -> None:
    digest = hashlib.sha256()
    for split in (digits.train, digits.val, digits.read_test()):
        digest.update(split.images.tobytes() + split.labels.tobytes())
    assert digest.hexdigest()[:16] == "5a5850a21c8aca4b"


def test_normalised_training_images_have_mean_zero_and_deviation_one(digits: Task) -> None:
    normalised = (digits.train.images / 255.0 - digits.mean[0]) / digits.std[0]
    assert abs(normalised.mean()) < 1e-9 and abs(normalised.std() - 1.0) < 1e-9


def test_a_misspelt_task_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownTaskError, match="Did you mean 'digits'"):
        task_spec("digit")
