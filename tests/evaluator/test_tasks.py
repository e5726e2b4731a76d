"""The tasks: their shapes, their splits, and that they are the same everywhere."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from evaluator.errors import UnknownTaskError
from evaluator.tasks import (
    Examples,
    Splits,
    Task,
    find_data,
    generated_names,
    load_task,
    resized,
    task_names,
    task_spec,
)
from evaluator.tasks.cache import cached
from evaluator.tasks.generated.adddigits import added_digits
from evaluator.tasks.generated.darcy import draw_flows
from evaluator.tasks.generated.motifs import draw_sequences
from evaluator.tasks.generated.scenes import labelled, masked
from evaluator.tasks.generated.shapes import SHAPES
from evaluator.tasks.generated.texshapes import draw_split
from evaluator.tasks.generated.waves import draw_waves
from evaluator.tasks.statistics import channel_statistics, fingerprint


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of each test's own."""
    path = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(path))
    return path / "archloop" / "generated"


@pytest.fixture(scope="module")
def digits() -> Task:
    return load_task("digits")


@pytest.fixture(scope="module")
def clean() -> Task:
    return load_task("digits-clean")


def test_the_default_task_has_three_renderings_of_each_training_digit(digits: Task) -> None:
    assert digits.train.inputs.shape == (3300, 1, 12, 12)
    assert digits.val.inputs.shape == (348, 1, 12, 12)
    assert digits.read_test().inputs.shape == (349, 1, 12, 12)


@pytest.mark.parametrize(
    "name",
    [
        "digits",
        "digits-clean",
        "adddigits",
        "texshapes-5k",
        pytest.param("texshapes", marks=pytest.mark.slow),
    ],
)
def test_the_declared_shape_is_that_of_the_images(name: str) -> None:
    task = load_task(name)
    shape = task.shape
    for split in (task.train, task.val, task.read_test()):
        assert split.inputs.shape[1:] == (shape.channels, shape.height, shape.width)
        assert split.inputs.dtype == np.uint8 and split.targets.dtype == np.int64
        assert set(split.targets.tolist()) == set(range(shape.classes))
        assert f"{len(split):,}" in task.spec.description


def test_describing_a_task_loads_no_numpy() -> None:
    code = (
        "import sys; from evaluator.tasks import task_spec as t; t('cifar10'); print('numpy' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_loading_the_digits_loads_no_scikit_learn() -> None:
    code = (
        "import sys; from evaluator.tasks import load_task as t; t('digits'); print('sklearn' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_the_digits_are_those_of_scikit_learn(clean: Task) -> None:
    data, labels = load_digits(return_X_y=True)
    pictures = np.rint(data * 255 / 16).astype(np.uint8)
    theirs = {(picture.tobytes(), int(label)) for picture, label in zip(pictures, labels, strict=True)}
    ours = {
        (image.tobytes(), int(label))
        for split in (clean.train, clean.val, clean.read_test())
        for image, label in zip(split.inputs, split.targets, strict=True)
    }
    assert ours == theirs


def test_no_original_is_in_two_splits(clean: Task) -> None:
    originals = [
        {image.tobytes() for image in split.inputs} for split in (clean.train, clean.val, clean.read_test())
    ]
    assert sum(map(len, originals)) == len(set.union(*originals)) == 1797


def test_the_shifted_task_splits_the_originals_as_the_clean_one(digits: Task, clean: Task) -> None:
    assert (digits.train.targets[::3] == clean.train.targets).all()
    assert (digits.val.targets == clean.val.targets).all()
    assert (digits.read_test().targets == clean.read_test().targets).all()


def test_a_rendering_still_shows_its_original(digits: Task, clean: Task) -> None:
    """Best match over all places of the canvas: the right original correlates far more than another one."""

    def best_match(canvas: np.ndarray, original: np.ndarray) -> float:
        windows = np.lib.stride_tricks.sliding_window_view(canvas, (8, 8)).reshape(-1, 64)
        return max(float(np.corrcoef(window, original.ravel())[0, 1]) for window in windows)

    own = [best_match(digits.val.inputs[i, 0], clean.val.inputs[i, 0]) for i in range(20)]
    other = [best_match(digits.val.inputs[i, 0], clean.val.inputs[i + 20, 0]) for i in range(20)]
    assert np.median(own) > 0.8 > np.median(other)


def test_renderings_of_one_digit_differ(digits: Task) -> None:
    assert not np.array_equal(digits.train.inputs[0], digits.train.inputs[1])


def test_a_task_is_the_same_on_every_machine(digits: Task) -> None:
    digest = hashlib.sha256()
    for split in (digits.train, digits.val, digits.read_test()):
        digest.update(split.inputs.tobytes() + split.targets.tobytes())
    assert digest.hexdigest()[:16] == "5a5850a21c8aca4b"


def test_normalised_training_images_have_mean_zero_and_deviation_one(digits: Task) -> None:
    normalised = (digits.train.inputs / 255.0 - digits.mean[0]) / digits.std[0]
    assert abs(normalised.mean()) < 1e-9 and abs(normalised.std() - 1.0) < 1e-9


def test_a_misspelt_task_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownTaskError, match="Did you mean 'digits'"):
        task_spec("digit")


def test_every_task_has_a_description_and_its_own_name() -> None:
    names = task_names()
    assert names[0] == "digits" and len(set(names)) == len(names)
    for name in names:
        if name not in ("images", "own-data"):  # their shape is that of files
            assert task_spec(name).name == name and task_spec(name).description


def test_a_task_that_is_generated_looks_for_no_files() -> None:
    assert find_data("texshapes") is None


# Statistics


def test_the_channel_statistics_are_those_of_numpy() -> None:
    images = np.random.default_rng(0).integers(0, 256, size=(2500, 3, 5, 7), dtype=np.uint8)
    mean, std = channel_statistics(images)
    np.testing.assert_allclose(mean, (images / 255.0).mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, (images / 255.0).std(axis=(0, 2, 3)), rtol=1e-12)


def test_a_channel_that_never_changes_can_still_be_normalised() -> None:
    assert channel_statistics(np.full((4, 1, 2, 2), 51, dtype=np.uint8)) == ((0.2,), (1.0,))


def test_the_fingerprint_changes_with_the_order_of_the_images() -> None:
    split = draw_split(10, (9,))
    turned = Examples(split.inputs[::-1], split.targets[::-1])
    assert fingerprint(Splits(split, split, split)) != fingerprint(Splits(turned, split, split))


# adddigits


def test_the_class_of_added_digits_is_their_sum_less_one(clean: Task) -> None:
    for added, originals in zip(
        vars(added_digits()).values(), (clean.train, clean.val, clean.read_test()), strict=True
    ):
        digit_of = {
            image.tobytes(): label
            for image, label in zip(originals.inputs[:, 0], originals.targets, strict=True)
        }
        sums = [sum(digit_of[channel.tobytes()] for channel in image) for image in added.inputs[:300]]
        assert (np.array(sums) - 1 == added.targets[:300]).all()


def test_no_digit_is_added_in_two_splits() -> None:
    channels = [
        {channel.tobytes() for image in split.inputs for channel in image}
        for split in vars(added_digits()).values()
    ]
    assert sum(map(len, channels)) == len(set.union(*channels))


def test_added_digits_are_the_same_on_every_machine() -> None:
    assert fingerprint(added_digits()) == "c9d6d8112f87"


# texshapes


def test_the_shapes_differ_in_what_they_cover() -> None:
    axis = np.linspace(-1.2, 1.2, 64, dtype=np.float32)
    x, y = np.broadcast_arrays(axis[None, None, :], axis[None, :, None])
    masks = [shape(x, y)[0] < 0 for shape in SHAPES.values()]
    assert all(0.12 < mask.mean() < 0.55 for mask in masks)
    for index, mask in enumerate(masks):
        for other in masks[:index]:
            assert (mask & other).sum() < 0.85 * (mask | other).sum()


def test_a_shape_stands_out_from_its_background() -> None:
    """The mean over many images of a class, around the centre, is brighter where the shape is."""
    split = draw_split(3000, (9,))
    for label in range(10):
        mean = split.inputs[split.targets == label].mean(axis=(0, 1))
        assert mean[8:24, 8:24].mean() > mean[:3].mean() + 8


def test_every_class_is_drawn_equally_often() -> None:
    assert np.bincount(draw_split(500, (9,)).targets).tolist() == [50] * 10


def test_streams_give_different_images_and_the_same_stream_the_same() -> None:
    first, again, other = (draw_split(20, (stream,)) for stream in (7, 7, 8))
    assert np.array_equal(first.inputs, again.inputs)
    assert not np.array_equal(first.inputs, other.inputs)


# Private seeds


def drawn(name: str, task_seed: int) -> Splits:
    """Return the splits of a generated task, or a few inputs as it draws them where that takes time."""
    draws: dict[str, Callable[[int, tuple[int, ...], int], Examples]] = {
        "texshapes": draw_split,
        "texshapes-5k": draw_split,
        "shapes-labels": labelled,
        "shapes-masks": masked,
        "darcy": draw_flows,
        "waves": draw_waves,
        "motifs": draw_sequences,
    }
    if name in draws:
        return Splits(*(draws[name](20, (0, index), task_seed) for index in range(3)))
    task = load_task(name, task_seed=task_seed)
    return Splits(task.train, task.val, task.read_test())


@pytest.mark.parametrize("name", generated_names())
def test_a_private_seed_draws_other_images_in_every_split_and_the_same_ones_again(name: str) -> None:
    public, private, again, other = (drawn(name, seed) for seed in (0, 7, 7, 8))
    assert fingerprint(private) == fingerprint(again) != fingerprint(other)
    for part in ("train", "val", "test"):
        known, secret = getattr(public, part), getattr(private, part)
        assert known.inputs.shape == secret.inputs.shape
        changed = (known.inputs != secret.inputs).reshape(len(known), -1)
        assert changed.any(axis=1).mean() > 0.9


def test_a_private_seed_moves_no_digit_from_one_split_to_another(digits: Task) -> None:
    private = load_task("digits", task_seed=7)
    assert np.array_equal(private.train.targets, digits.train.targets)
    assert np.array_equal(private.read_test().targets, digits.read_test().targets)


def test_the_public_generator_does_not_undo_a_private_seed(digits: Task) -> None:
    """The noise of the public images is known from the code of the task, that of private ones is not."""
    generator = np.random.Generator(np.random.PCG64([20240117, 2]))
    generator.integers(0, 5, size=(len(digits.val), 2))
    noise = generator.normal(0.0, 0.15 * 255.0, size=digits.val.inputs.shape)
    known = np.rint(noise.clip(0.0, 255.0))
    found = {
        name: (task.val.inputs == known).mean()
        for name, task in {"public": digits, "private": load_task("digits", task_seed=7)}.items()
    }
    assert found["public"] > 0.55 and found["private"] < 0.35


# The cache of generated tasks


class Generator:
    """Draws a few images, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.calls = 0
        self.splits = Splits(*(draw_split(10, (stream,)) for stream in (7, 8, 9)))

    def __call__(self) -> Splits:
        self.calls += 1
        return self.splits

    def load(self, *, known: bool = True) -> Splits:
        return cached("tiny-v1", fingerprint(self.splits) if known else None, self)


def test_a_generated_task_is_kept_and_read_back(cache: Path) -> None:
    generator = Generator()
    first, second = generator.load(), generator.load()
    assert generator.calls == 1
    assert fingerprint(first) == fingerprint(second)
    assert [path.name for path in cache.iterdir()] == ["tiny-v1.npz"]


def test_generating_is_announced_once(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        load_task("texshapes-5k")
        load_task("texshapes-5k")
    assert caplog.text.count("generating") == 1 and str(cache) in caplog.text


@pytest.mark.parametrize("known", [True, False], ids=["known beforehand", "of a private seed"])
@pytest.mark.parametrize("damage", ["truncated", "another image", "not an archive"])
def test_a_damaged_cache_is_made_anew(
    damage: str, known: bool, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    generator = Generator()
    generator.load(known=known)
    path = cache / "tiny-v1.npz"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif damage == "not an archive":
        path.write_bytes(b"nothing of the kind")
    else:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        arrays["test_images"][0, 0, 0, 0] ^= 1
        np.savez(path, **arrays)
    assert fingerprint(generator.load(known=known)) == fingerprint(generator.splits)
    assert generator.calls == 2 and "made anew" in caplog.text
    generator.load(known=known)
    assert generator.calls == 2


def test_a_cache_that_cannot_be_written_is_only_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(Generator().load().train) == 10
    assert "cannot be kept" in caplog.text


def test_images_that_came_out_otherwise_are_not_passed_off_as_the_task(cache: Path) -> None:
    with pytest.raises(RuntimeError, match="numpy"):
        cached("tiny-v1", "0123456789ab", Generator())
    assert not cache.exists()


@pytest.mark.parametrize("form", [(3, 8, 8), (1, 8, 12), (3, 13, 8), (4, 16, 16)])
def test_a_resized_image_is_what_pillow_makes_of_its_middle(form: tuple[int, int, int]) -> None:
    from PIL import Image

    images = np.random.default_rng(0).integers(0, 256, (2, *form), dtype=np.uint8)
    split = resized(Examples(images, np.arange(2)), 16)
    assert split.inputs.shape == (2, form[0], 16, 16) and split.inputs.dtype == np.uint8
    scale = 16 / min(form[1:])
    height, width = (int(side * scale) for side in form[1:])
    top, left = round((height - 16) / 2), round((width - 16) / 2)
    plane = Image.fromarray(images[1, 0]).resize((width, height), Image.Resampling.BILINEAR)
    expected = np.asarray(plane.crop((left, top, left + 16, top + 16)))
    assert np.array_equal(split.inputs[1, 0], expected)


def test_images_that_have_the_size_or_are_to_keep_theirs_are_not_touched() -> None:
    split = Examples(np.zeros((2, 1, 16, 16), dtype=np.uint8), np.arange(2))
    assert resized(split, 16) is split and resized(split, None) is split
