"""The task `own-data`: real files of each kind, small, and what is said of those that hold something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from corpus.records.tasks.kinds import TaskKind
from evaluator.config import EvaluatorConfig
from evaluator.errors import TaskDataError
from evaluator.supervisor.protocol import protocol_id
from evaluator.tasks import Task, find_data, load_task, task_spec

Arrays = dict[str, NDArray[Any]]
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def empty_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the caches of whoever runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def numbers(*form: int) -> NDArray[np.float32]:
    return np.random.default_rng(form).normal(size=form).astype(np.float32)


def integers(high: int, *form: int) -> NDArray[Any]:
    return np.random.default_rng(form).integers(0, high, size=form)


def archive(kind: str | None, inputs: Callable[[int], Any], targets: Callable[[int], Any]) -> Arrays:
    """Return the arrays of an archive with 40 training and 20 test examples."""
    arrays = {"x_train": inputs(40), "y_train": targets(40), "x_test": inputs(20), "y_test": targets(20)}
    return arrays if kind is None else arrays | {"kind": np.array(kind)}


def images(count: int) -> NDArray[np.uint8]:
    return integers(256, count, 8, 9, 3).astype(np.uint8)


MULTI_LABEL = archive("multi-label", images, lambda count: integers(2, count, 5).astype(bool))
SEGMENTATION = archive("segmentation", images, lambda count: integers(3, count, 8, 9).astype(np.uint8))
REGRESSION = archive(
    "regression", lambda count: numbers(count, 2, 8, 9), lambda count: numbers(count, 3, 8, 9)
)
SIGNALS = archive(None, lambda count: numbers(count, 2, 30), lambda count: np.arange(count) % 4)

FORMS: dict[str, tuple[Arrays, TaskKind, tuple[int, ...], tuple[int, ...]]] = {
    "labels of images": (MULTI_LABEL, TaskKind.MULTI_LABEL, (3, 8, 9), (5,)),
    "labels as numbers": (
        MULTI_LABEL | {"y_train": MULTI_LABEL["y_train"].astype(float)},
        TaskKind.MULTI_LABEL,
        (3, 8, 9),
        (5,),
    ),
    "masks of images": (SEGMENTATION, TaskKind.SEGMENTATION, (3, 8, 9), (3, 8, 9)),
    "fields to fields": (REGRESSION, TaskKind.REGRESSION, (2, 8, 9), (3, 8, 9)),
    "images to a field": (
        archive("regression", images, lambda count: numbers(count, 8, 9).astype(np.float64)),
        TaskKind.REGRESSION,
        (3, 8, 9),
        (1, 8, 9),
    ),
    "classes of signals": (SIGNALS, TaskKind.SINGLE_LABEL, (2, 30), (4,)),
    "classes of fields": (
        archive("single-label", lambda count: numbers(count, 2, 8, 9), lambda count: np.arange(count) % 4),
        TaskKind.SINGLE_LABEL,
        (2, 8, 9),
        (4,),
    ),
    "labels of signals": (
        archive("multi-label", lambda count: numbers(count, 1, 30), lambda count: integers(2, count, 2)),
        TaskKind.MULTI_LABEL,
        (1, 30),
        (2,),
    ),
    "classes of steps": (
        archive("segmentation", lambda count: numbers(count, 1, 30), lambda count: integers(3, count, 30)),
        TaskKind.SEGMENTATION,
        (1, 30),
        (3, 30),
    ),
    "signals to a signal": (
        archive("regression", lambda count: numbers(count, 2, 30), lambda count: numbers(count, 30)),
        TaskKind.REGRESSION,
        (2, 30),
        (1, 30),
    ),
    "labelled images": (
        archive(None, images, lambda count: np.arange(count) % 4),
        TaskKind.SINGLE_LABEL,
        (3, 8, 9),
        (4,),
    ),
}


def loaded(folder: Path, arrays: Arrays, task: str = "own-data") -> Task:
    np.savez(folder / "data.npz", **arrays)
    return load_task(task, folder)


def in_any_order(inputs: NDArray[Any], targets: NDArray[Any]) -> list[bytes]:
    return sorted(one.tobytes() + other.tobytes() for one, other in zip(inputs, targets, strict=True))


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_of_every_kind_gives_back_what_was_written(form: str, tmp_path: Path) -> None:
    arrays, kind, input_shape, output_shape = FORMS[form]
    task = loaded(tmp_path, arrays)
    assert task.shape.kind is kind
    assert (task.shape.input_shape, task.shape.output_shape) == (input_shape, output_shape)
    test = task.read_test()
    wanted = arrays["x_test"] if arrays["x_test"].shape[-1] != 3 else arrays["x_test"].transpose(0, 3, 1, 2)
    assert np.array_equal(test.inputs, wanted)
    assert np.array_equal(test.targets, arrays["y_test"].reshape(test.targets.shape))
    assert (len(task.train), len(task.val)) == (36, 4)
    inputs = np.concatenate([task.train.inputs, task.val.inputs])
    targets = np.concatenate([task.train.targets, task.val.targets])
    x_train = arrays["x_train"] if wanted is arrays["x_test"] else arrays["x_train"].transpose(0, 3, 1, 2)
    y_train = arrays["y_train"].astype(targets.dtype).reshape(targets.shape)
    assert in_any_order(inputs, targets) == in_any_order(x_train, y_train)
    assert task.val.targets.shape[1:] == task.shape.target_shape
    assert task.train.inputs.dtype == (np.uint8 if arrays["x_train"].dtype == np.uint8 else np.float32)


def test_the_same_files_are_split_the_same_and_their_metric_stands_in_the_protocol(tmp_path: Path) -> None:
    task, again = loaded(tmp_path, REGRESSION), loaded(tmp_path, REGRESSION)
    assert np.array_equal(task.val.inputs, again.val.inputs)
    assert protocol_id(EvaluatorConfig(task="own-data"), task.spec).startswith(
        f"own-data-v1-{task.spec.fingerprint}/relative-l2/e1/"
    )
    assert task.spec.baseline is not None and task.spec.from_files


def changed(arrays: Arrays, **replaced: Any) -> Arrays:
    return arrays | {key: np.asarray(value) for key, value in replaced.items()}


def but(array: NDArray[Any], value: float) -> NDArray[Any]:
    """Return a copy of which the last number is another."""
    copy = array.astype(float) if array.dtype == bool else array.copy()
    copy.reshape(-1)[-1] = value
    return copy


X, Y = REGRESSION["x_train"], REGRESSION["y_train"]
WRONG: list[tuple[str, Arrays, str]] = [
    (
        "an unknown kind",
        changed(SEGMENTATION, kind="panoptic"),
        "its kind is 'panoptic'. Write one of single-label",
    ),
    ("two kinds", changed(SEGMENTATION, kind=["a", "b"]), "its kind is ''"),
    ("a long kind", changed(SEGMENTATION, kind="x" * 10**5), "kind cannot be read"),
    ("a kind that is none", changed(SEGMENTATION, kind=3), "its kind is ''"),
    (
        "labels of another length",
        changed(MULTI_LABEL, y_train=integers(2, 39, 5)),
        "40 images have 39 targets",
    ),
    (
        "labels of one axis",
        changed(MULTI_LABEL, y_train=integers(2, 40)),
        r"y_train is \(40,\).* are \(N, K\)",
    ),
    ("a label of 2", changed(MULTI_LABEL, y_train=but(MULTI_LABEL["y_train"], 2)), "not all 0 or 1"),
    ("a label of NaN", changed(MULTI_LABEL, y_test=but(MULTI_LABEL["y_test"], np.nan)), "not all 0 or 1"),
    ("more labels to test", changed(MULTI_LABEL, y_test=integers(2, 20, 6)), r"a target of its is \(6,\)"),
    ("labels as words", changed(MULTI_LABEL, y_train=np.full((40, 5), "a")), "its targets are <U1"),
    (
        "an idle label",
        changed(MULTI_LABEL, y_train=integers(2, 40, 5) * [1, 1, 0, 1, 1]),
        "label 2 is the same",
    ),
    ("no label to test", changed(MULTI_LABEL, y_test=np.zeros((20, 5))), "none of its 20 test examples"),
    ("masks of numbers", changed(SEGMENTATION, y_train=numbers(40, 8, 9)), "no labelled images"),
    (
        "masks of another size",
        changed(SEGMENTATION, y_train=integers(3, 40, 9, 8)),
        r"a target of its is \(9, 8\)",
    ),
    ("a class below 0", changed(SEGMENTATION, y_test=integers(3, 20, 8, 9) - 1), "label -1 is not one"),
    ("a class too many to test", changed(SEGMENTATION, y_test=integers(4, 20, 8, 9)), "label 3 is not one"),
    (
        "masks of 0 and 255",
        changed(SEGMENTATION, y_train=integers(2, 40, 8, 9) * 255),
        "254 are in no training mask",
    ),
    ("a class of millions", changed(SEGMENTATION, y_train=but(integers(3, 40, 8, 9), 10**12)), "1 to 65,535"),
    ("one class", changed(SEGMENTATION, y_train=np.zeros((40, 8, 9), int)), "masks are all of one class"),
    ("a number that is none", changed(REGRESSION, y_train=but(Y, np.nan)), "targets are not all finite"),
    ("an infinite input", changed(REGRESSION, x_train=but(X, np.inf)), "inputs are not all finite"),
    ("a huge input", changed(REGRESSION, x_test=but(REGRESSION["x_test"], 1e31)), "below 1e\\+30"),
    ("targets of another size", changed(REGRESSION, y_train=numbers(40, 3, 9, 8)), r"are \(N, K, 8, 9\)"),
    ("complex targets", changed(REGRESSION, y_train=Y + 1j), "targets are complex"),
    ("equal targets", changed(REGRESSION, y_train=np.ones_like(Y)), "targets are one number"),
    ("inputs of whole numbers", changed(REGRESSION, x_train=integers(9, 40, 2, 8, 9)), "images are int64"),
    ("other inputs to test", changed(REGRESSION, x_test=numbers(20, 2, 9, 8)), "the task's are"),
    (
        "fields without a channel",
        changed(REGRESSION, x_train=numbers(40, 9, 9)),
        r"Write signals as \(N, C, L\)",
    ),
    ("channels last", changed(SIGNALS, x_train=numbers(40, 30, 2)), "30 channels and 2 steps"),
    (
        "signals of bytes to test",
        changed(SIGNALS, x_test=integers(9, 20, 2, 30).astype(np.uint8)),
        "signals are uint8",
    ),
    (
        "one training example",
        {key: value[:1] if value.ndim else value for key, value in REGRESSION.items()},
        "it has 1 training example",
    ),
    ("no example", changed(REGRESSION, x_train=X[:0], y_train=Y[:0]), "holds no images"),
    ("inputs of one axis", changed(REGRESSION, x_train=numbers(40)), "no labelled images"),
    ("one number", changed(REGRESSION, y_train=3.0), "y_train is"),
    ("objects", changed(REGRESSION, y_train=np.array([None] * 40, dtype=object)), "Python objects"),
]


@pytest.mark.parametrize(("arrays", "match"), [pytest.param(a, m, id=name) for name, a, m in WRONG])
def test_what_is_wrong_is_said_in_one_line(arrays: Arrays, match: str, tmp_path: Path) -> None:
    with pytest.raises(TaskDataError, match=match) as refusal:
        loaded(tmp_path, arrays)
    assert "\n" not in str(refusal.value) and str(tmp_path) in str(refusal.value)


@pytest.mark.parametrize("arrays", [SEGMENTATION, SIGNALS, FORMS["classes of fields"][0]])
def test_labelled_images_are_all_that_the_task_images_reads(arrays: Arrays, tmp_path: Path) -> None:
    with pytest.raises(TaskDataError, match=r"set evaluator\.task to own-data"):
        loaded(tmp_path, arrays, "images")


def test_a_data_set_that_has_a_name_is_not_read_from_files_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(TaskDataError, match="its kind is segmentation, the task's is single-label"):
        loaded(tmp_path, SEGMENTATION, "cifar10")


def test_where_nothing_lies_the_remedy_names_what_would_do(tmp_path: Path) -> None:
    with pytest.raises(TaskDataError, match="kind, to a folder with images and masks"):
        find_data("own-data", tmp_path)


# Folders of images and masks


def write_masks(root: Path, *, mode: str = "L", count: int = 12) -> dict[str, NDArray[np.uint8]]:
    """Coloured images of 8x6 with masks of three classes; returns the test masks by name."""
    written = {}
    for split in ("train", "test"):
        for part in ("images", "masks"):
            (root / split / part).mkdir(parents=True)
        for index in range(count):
            pixels, mask = (RNG.integers(0, high, size=(6, 8, 3), dtype=np.uint8) for high in (256, 3))
            Image.fromarray(pixels).save(root / split / "images" / f"{index:02}.jpg", quality=95)
            picture = Image.fromarray(mask[:, :, 0] % (2 if mode == "1" else 3))
            if mode == "P":
                picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
            if mode == "1":
                picture = Image.fromarray(mask[:, :, 0] % 2 == 1)
            picture.save(root / split / "masks" / f"{index:02}.png")
            written[f"{split}/{index:02}"] = mask[:, :, 0] % (2 if mode == "1" else 3)
    return {name: mask for name, mask in written.items() if name.startswith("test")}


@pytest.mark.parametrize("mode", ["L", "P", "1"])
def test_masks_are_read_as_class_ids_however_they_are_stored(mode: str, tmp_path: Path) -> None:
    masks = write_masks(tmp_path, mode=mode)
    task = load_task("own-data", tmp_path)
    assert task.shape.kind is TaskKind.SEGMENTATION
    assert task.shape.output_shape == ((2 if mode == "1" else 3), 6, 8) and task.shape.channels == 3
    assert np.array_equal(task.read_test().targets, np.stack([masks[name] for name in sorted(masks)]))
    assert (len(task.train), len(task.val), len(task.read_test())) == (11, 1, 12)


def _as_jpeg(root: Path) -> None:
    Image.new("L", (8, 6)).save(root / "train" / "masks" / "03.png", format="JPEG")


def _coloured(root: Path) -> None:
    Image.new("RGB", (8, 6)).save(root / "train" / "masks" / "03.png")


def _larger(root: Path) -> None:
    Image.new("L", (9, 6)).save(root / "train" / "masks" / "03.png")


def _other_class(root: Path) -> None:
    Image.new("L", (8, 6), 9).save(root / "test" / "masks" / "03.png")


def _gap(root: Path) -> None:
    Image.new("L", (8, 6), 200).save(root / "train" / "masks" / "03.png")


def _without_a_mask(root: Path) -> None:
    (root / "train" / "masks" / "03.png").unlink()


def _without_an_image(root: Path) -> None:
    (root / "test" / "images" / "03.jpg").unlink()


def _without_test_masks(root: Path) -> None:
    for each in (root / "test" / "masks").iterdir():
        each.unlink()
    (root / "test" / "masks").rmdir()


def _truncated(root: Path) -> None:
    path = root / "train" / "masks" / "03.png"
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (_as_jpeg, "a mask is JPEG of the mode L"),
        (_coloured, "a mask is PNG of the mode RGB"),
        (_larger, "it is 6x9, the images are 6x8"),
        (_other_class, "label 9 is not one of the classes 0 to 2"),
        (_gap, "of its classes 0 to 200, 197 are in no training mask"),
        (_without_a_mask, "masks: there is none for '03'"),
        (_without_an_image, "images: there is none for '03'"),
        (_without_test_masks, "there is no such folder"),
        (_truncated, "03.png: a"),
    ],
)
def test_what_is_wrong_with_a_mask_is_said_with_its_place(
    damage: Callable[[Path], None], match: str, tmp_path: Path
) -> None:
    write_masks(tmp_path)
    damage(tmp_path)
    with pytest.raises(TaskDataError, match=match):
        load_task("own-data", tmp_path)


def test_what_a_mac_leaves_is_neither_an_image_nor_a_mask(tmp_path: Path) -> None:
    write_masks(tmp_path)
    before = load_task("own-data", tmp_path).spec
    for litter in ("images/._00.jpg", "masks/._00.png", "masks/.DS_Store"):
        (tmp_path / "train" / litter).write_bytes(b"\0\5\x16\7")
    assert load_task("own-data", tmp_path).spec == before


def test_images_with_masks_are_no_two_classes_to_the_task_images(tmp_path: Path) -> None:
    write_masks(tmp_path)
    with pytest.raises(TaskDataError, match="segmentation data, no labelled images"):
        task_spec("images", tmp_path)
