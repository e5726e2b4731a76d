"""Tasks from the user's own files: real files in the real formats, small."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from corpus.records.candidates import Candidate
from evaluator.config import EvaluatorConfig
from evaluator.errors import TaskDataError
from evaluator.supervisor.protocol import protocol_id, training_plan
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import find_data, load_task, task_spec

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]
Writer = Callable[[Path, Arrays, Arrays], None]


@pytest.fixture(autouse=True)
def empty_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the caches of whoever runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_DATASETS_CACHE", raising=False)
    return tmp_path / "cache"


def sample(
    count: int, *, shape: tuple[int, int, int] = (3, 32, 32), classes: int = 10, seed: int = 0
) -> Arrays:
    """Random images `(N, C, H, W)` and labels in which every class occurs equally often."""
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, size=(count, *shape), dtype=np.uint8)
    return images, generator.permutation(np.arange(count) % classes)


TRAIN, TEST = sample(60), sample(20, seed=1)
GREY_TRAIN = sample(40, shape=(1, 28, 28), seed=2)
GREY_TEST = sample(20, shape=(1, 28, 28), seed=3)


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined, misc]
    """Writes as Python 2 did: byte strings, and numpy under its old name."""

    dispatch = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined] # noqa: RUF012

    def save_bytes(self, value: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def python2_pickle(value: object) -> bytes:
    buffer = io.BytesIO()
    Python2Pickler(buffer, protocol=2).dump(value)
    return buffer.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def write_cifar10(root: Path, train: Arrays, test: Arrays) -> None:
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    parts = zip(np.array_split(train[0], 5), np.array_split(train[1], 5), strict=True)
    batches = {f"data_batch_{number}": part for number, part in enumerate(parts, start=1)}
    for name, (images, labels) in (batches | {"test_batch": test}).items():
        content = {b"data": images.reshape(len(images), -1), b"labels": [int(each) for each in labels]}
        (folder / name).write_bytes(python2_pickle(content))


def write_cifar100(root: Path, train: Arrays, test: Arrays) -> None:
    folder = root / "cifar-100-python"
    folder.mkdir(parents=True)
    for name, (images, labels) in (("train", train), ("test", test)):
        fine = [int(each) for each in labels]
        content = {
            b"data": images.reshape(len(images), -1),
            b"fine_labels": fine,
            b"coarse_labels": [each // 5 for each in fine],
        }
        (folder / name).write_bytes(python2_pickle(content))


def write_svhn(root: Path, train: Arrays, test: Arrays) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in (("train", train), ("test", test)):
        classes = np.where(labels == 0, 10, labels).astype(np.uint8).reshape(-1, 1)
        content = {"X": images.transpose(2, 3, 1, 0), "y": classes}
        savemat(root / f"{name}_32x32.mat", content, do_compression=True)


def idx(array: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_idx(root: Path, train: Arrays, test: Arrays, *, zipped: bool = False) -> None:
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for part, (images, labels) in (("train", train), ("t10k", test)):
        files = {
            f"{part}-images-idx3-ubyte": idx(images[:, 0]),
            f"{part}-labels-idx1-ubyte": idx(labels.astype(np.uint8)),
        }
        for name, data in files.items():
            path = folder / (f"{name}.gz" if zipped else name)
            path.write_bytes(gzip.compress(data) if zipped else data)


def write_idx_gz(root: Path, train: Arrays, test: Arrays) -> None:
    write_idx(root, train, test, zipped=True)


def write_npz(root: Path, train: Arrays, test: Arrays) -> None:
    root.mkdir(parents=True, exist_ok=True)
    x_train, x_test = (part[0].transpose(0, 2, 3, 1) for part in (train, test))
    if x_train.shape[3] == 1:  # as keras ships MNIST
        x_train, x_test = x_train[..., 0], x_test[..., 0]
    np.savez(
        root / "data.npz",
        x_train=x_train,
        y_train=train[1].astype(np.uint8),
        x_test=x_test,
        y_test=test[1].astype(np.uint8).reshape(-1, 1),
    )


def png(image: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
    picture.save(buffer, format="png")
    return buffer.getvalue()


def table(arrays: Arrays, image: str = "img", label: str = "label") -> pa.Table:
    encoded = [{"bytes": png(each), "path": None} for each in arrays[0]]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.table({image: pa.array(encoded, kind), label: pa.array(arrays[1], pa.int64())})


def write_parquet(root: Path, train: Arrays, test: Arrays, *, label: str = "label") -> None:
    """Two shards for training, in small row groups."""
    root.mkdir(parents=True, exist_ok=True)
    half = len(train[1]) // 2
    shards = {
        "train-00000-of-00002": (train[0][:half], train[1][:half]),
        "train-00001-of-00002": (train[0][half:], train[1][half:]),
        "test-00000-of-00001": test,
    }
    for name, arrays in shards.items():
        pq.write_table(table(arrays, label=label), root / f"{name}.parquet", row_group_size=7)


def write_folders(root: Path, train: Arrays, test: Arrays) -> None:
    for split, (images, labels) in (("train", train), ("test", test)):
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            path = root / split / str(label) / f"{index:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(image))


def in_any_order(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> list[tuple[int, bytes]]:
    return sorted((int(label), image.tobytes()) for image, label in zip(images, labels, strict=True))


FORMATS: list[tuple[str, Writer, Arrays, Arrays]] = [
    ("cifar10", write_cifar10, TRAIN, TEST),
    ("cifar10", write_npz, TRAIN, TEST),
    ("cifar10", write_parquet, TRAIN, TEST),
    ("cifar10", write_folders, TRAIN, TEST),
    ("svhn", write_svhn, TRAIN, TEST),
    ("svhn", write_parquet, TRAIN, TEST),
    ("mnist", write_idx, GREY_TRAIN, GREY_TEST),
    ("mnist", write_idx_gz, GREY_TRAIN, GREY_TEST),
    ("mnist", write_npz, GREY_TRAIN, GREY_TEST),
    ("mnist", write_parquet, GREY_TRAIN, GREY_TEST),
    ("mnist", write_folders, GREY_TRAIN, GREY_TEST),
    ("images", write_npz, GREY_TRAIN, GREY_TEST),
    ("images", write_parquet, TRAIN, TEST),
    ("images", write_folders, TRAIN, TEST),
]


@pytest.mark.parametrize(("name", "write", "train", "test"), FORMATS)
def test_every_format_gives_back_what_was_written(
    name: str, write: Writer, train: Arrays, test: Arrays, tmp_path: Path
) -> None:
    write(tmp_path / "data", train, test)
    task = load_task(name, tmp_path / "data")
    images = np.concatenate([task.train.inputs, task.val.inputs])
    labels = np.concatenate([task.train.targets, task.val.targets])
    assert in_any_order(images, labels) == in_any_order(*train)
    assert in_any_order(task.read_test().inputs, task.read_test().targets) == in_any_order(*test)
    assert task.train.inputs.dtype == np.uint8 and task.train.targets.dtype == np.int64


@pytest.mark.parametrize("write", [write_parquet, write_folders, write_cifar10])
def test_a_process_that_has_loaded_nothing_else_can_read_the_files(write: Writer, tmp_path: Path) -> None:
    write(tmp_path, TRAIN, TEST)
    code = (
        "import sys; from pathlib import Path; from evaluator.tasks import load_task\n"
        "print(load_task('cifar10', Path(sys.argv[1])).spec.id)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == load_task("cifar10", tmp_path).spec.id


def test_cifar100_gets_its_fine_labels(tmp_path: Path) -> None:
    train, test = sample(300, classes=100), sample(100, classes=100, seed=1)
    write_cifar100(tmp_path, train, test)
    task = load_task("cifar100", tmp_path)
    assert (task.read_test().targets == test[1]).all()
    assert np.array_equal(task.read_test().inputs, test[0])


def test_cifar100_reads_the_column_of_fine_labels(tmp_path: Path) -> None:
    train, test = sample(300, classes=100), sample(100, classes=100, seed=1)
    write_parquet(tmp_path, train, test, label="fine_label")
    assert (load_task("cifar100", tmp_path).read_test().targets == test[1]).all()


def test_the_same_data_in_two_formats_is_the_same_task(tmp_path: Path) -> None:
    for name, write in {"a": write_npz, "b": write_cifar10, "c": write_parquet}.items():
        write(tmp_path / name, TRAIN, TEST)
    identities = {load_task("cifar10", tmp_path / name).spec.id for name in "abc"}
    assert len(identities) == 1


@pytest.mark.parametrize("changed", ["train image", "test image", "label"])
def test_two_copies_that_differ_share_no_protocol_id(changed: str, tmp_path: Path) -> None:
    write_npz(tmp_path / "a", TRAIN, TEST)
    train, test = (TRAIN[0].copy(), TRAIN[1].copy()), (TEST[0].copy(), TEST[1].copy())
    if changed == "train image":
        train[0][0, 0, 0, 0] ^= 1
    elif changed == "test image":
        test[0][0, 0, 0, 0] ^= 1
    else:
        test[1][:2] = test[1][:2][::-1] if test[1][0] != test[1][1] else (test[1][0], (test[1][0] + 1) % 10)
    write_npz(tmp_path / "b", train, test)
    config = EvaluatorConfig(task="cifar10")
    first, second = (protocol_id(config, load_task("cifar10", tmp_path / name).spec) for name in "ab")
    assert first != second


def test_the_place_of_the_files_is_no_part_of_the_protocol_id(tmp_path: Path) -> None:
    ids = set()
    for name in "ab":
        write_npz(tmp_path / name, TRAIN, TEST)
        config = EvaluatorConfig(task="cifar10", data_path=tmp_path / name)
        ids.add(SandboxedEvaluator(config).protocol_id)
    assert len(ids) == 1


def test_no_protocol_id_is_given_to_files_that_were_not_read() -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        protocol_id(EvaluatorConfig(task="cifar10"), task_spec("cifar10"))


def test_programs_are_not_told_where_the_files_are(tmp_path: Path) -> None:
    write_npz(tmp_path, TRAIN, TEST)
    config = EvaluatorConfig(task="cifar10", data_path=tmp_path)
    assert str(tmp_path) not in training_plan(config, load_task("cifar10", tmp_path)).model_dump_json()


def test_validation_images_are_a_tenth_of_each_class_and_the_same_on_every_call(tmp_path: Path) -> None:
    write_npz(tmp_path, sample(400), TEST)
    task, again = load_task("cifar10", tmp_path), load_task("cifar10", tmp_path)
    assert np.bincount(task.val.targets).tolist() == [4] * 10
    assert np.array_equal(task.val.inputs, again.val.inputs)


def test_no_image_is_in_two_splits(tmp_path: Path) -> None:
    write_npz(tmp_path, TRAIN, TEST)
    task = load_task("cifar10", tmp_path)
    parts = [
        {image.tobytes() for image in split.inputs} for split in (task.train, task.val, task.read_test())
    ]
    assert len(set.union(*parts)) == sum(map(len, parts)) == 80


def test_the_shape_of_known_tasks_needs_no_files() -> None:
    shape = task_spec("cifar100").shape
    assert (shape.channels, shape.height, shape.width, shape.classes) == (3, 32, 32, 100)


@pytest.mark.parametrize("write", [write_npz, write_parquet, write_folders])
def test_the_shape_of_ones_own_images_is_that_of_the_files(write: Writer, tmp_path: Path) -> None:
    write(tmp_path, sample(12, shape=(3, 20, 24), classes=4), sample(8, shape=(3, 20, 24), classes=4))
    shape = task_spec("images", tmp_path).shape
    assert (shape.channels, shape.height, shape.width, shape.classes) == (3, 20, 24, 4)


def test_numbered_class_folders_are_ordered_as_numbers(tmp_path: Path) -> None:
    arrays = sample(24, shape=(1, 9, 9), classes=12)
    write_folders(tmp_path, arrays, arrays)
    test = load_task("images", tmp_path).read_test()
    assert in_any_order(test.inputs, test.targets) == in_any_order(*arrays)


def test_a_grey_palette_png_becomes_what_the_task_needs(tmp_path: Path) -> None:
    write_folders(tmp_path, TRAIN, TEST)
    path = next((tmp_path / "test" / "3").iterdir())
    with Image.open(path) as image:
        grey = image.convert("L")
    grey.save(path)
    test = load_task("cifar10", tmp_path).read_test()
    assert any(np.array_equal(image, np.repeat(np.asarray(grey)[None], 3, axis=0)) for image in test.inputs)


# Where files are found


def test_the_hub_cache_is_found_by_the_snapshot_that_main_names(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "datasets--uoft-cs--cifar10"
    write_parquet(repository / "snapshots" / "abc" / "plain_text", TRAIN, TEST)
    write_parquet(repository / "snapshots" / "older" / "plain_text", TEST, TEST)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    assert len(load_task("cifar10").read_test()) == 20
    assert find_data("cifar10") == repository / "snapshots" / "abc"


def test_the_right_configuration_of_a_hub_repository_is_read(tmp_path: Path) -> None:
    snapshot = tmp_path / "hub" / "datasets--ufldl-stanford--svhn" / "snapshots" / "abc"
    write_parquet(snapshot / "cropped_digits", TRAIN, TEST)
    write_parquet(snapshot / "full_numbers", TEST, TRAIN)
    assert len(load_task("svhn").read_test()) == 20


def test_what_datasets_prepared_is_found(tmp_path: Path) -> None:
    import datasets

    prepared = tmp_path / "hf" / "datasets" / "ylecun___mnist" / "mnist" / "0.0.0" / "abc"
    for split, arrays in (("train", GREY_TRAIN), ("test", GREY_TEST)):
        rows = datasets.Dataset(table(arrays, image="image"))
        rows.save_to_disk(tmp_path / split)
        (written,) = (tmp_path / split).glob("*.arrow")
        prepared.mkdir(parents=True, exist_ok=True)
        written.rename(prepared / f"mnist-{split}.arrow")
    assert (load_task("mnist").read_test().targets == GREY_TEST[1]).all()


def test_the_cache_of_our_own_is_found(empty_caches: Path) -> None:
    write_idx(empty_caches / "archloop" / "data" / "mnist", GREY_TRAIN, GREY_TEST)
    assert len(load_task("mnist").read_test()) == 20


def test_a_path_that_was_named_is_the_only_one_looked_at(empty_caches: Path, tmp_path: Path) -> None:
    write_idx(empty_caches / "archloop" / "data" / "mnist", GREY_TRAIN, GREY_TEST)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(TaskDataError, match="elsewhere"):
        load_task("mnist", tmp_path / "elsewhere")


def test_files_that_are_nowhere_are_an_error_that_says_where_and_what(empty_caches: Path) -> None:
    with pytest.raises(TaskDataError) as caught:
        load_task("cifar10")
    for part in (
        "datasets--uoft-cs--cifar10",
        str(empty_caches / "archloop"),
        "cifar-10-batches-py",
        "parquet",
    ):
        assert part in str(caught.value)


def test_debians_package_is_found_and_named_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluator.tasks.places._DEBIAN", tmp_path / "datasets")
    with pytest.raises(TaskDataError, match="apt-get install dataset-fashion-mnist"):
        find_data("fashion-mnist")
    with pytest.raises(TaskDataError) as other:
        find_data("mnist")
    assert "apt-get" not in str(other.value)
    folder = tmp_path / "datasets" / "fashion-mnist"
    write_idx_gz(tmp_path, GREY_TRAIN, GREY_TEST)
    folder.parent.mkdir()
    (tmp_path / "MNIST" / "raw").rename(folder)
    assert find_data("fashion-mnist") == folder


@pytest.mark.skipif(
    not Path("/usr/share/datasets/fashion-mnist").is_dir(), reason="apt-get install dataset-fashion-mnist"
)
def test_fashion_mnist_has_the_images_that_its_description_says() -> None:
    task = load_task("fashion-mnist", train_images=5000)
    assert [len(split) for split in (task.train, task.val, task.read_test())] == [5000, 6000, 10_000]
    assert np.bincount(task.train.targets).min() > 400


def test_one_of_two_data_sets_in_a_torchvision_root_is_not_taken_for_the_other(tmp_path: Path) -> None:
    write_idx(tmp_path, GREY_TRAIN, GREY_TEST)
    with pytest.raises(TaskDataError, match="no files of the task 'fashion-mnist'"):
        load_task("fashion-mnist", tmp_path)


@pytest.mark.slow
def test_a_program_is_judged_on_ones_own_images(tmp_path: Path) -> None:
    """Bright and dark images, so that one epoch of a real network is enough."""
    images, labels = sample(400, shape=(3, 20, 24), classes=2)
    images = np.where(labels[:, None, None, None] == 1, images // 2 + 128, images // 2).astype(np.uint8)
    write_npz(tmp_path, (images, labels), (images[:20], labels[:20]))
    source = (Path(__file__).parents[1] / "programs" / "small_cnn.py").read_text()
    candidate = Candidate.imported("a", source, generator="file")
    with SandboxedEvaluator(EvaluatorConfig(task="images", data_path=tmp_path, workers=1)) as evaluator:
        (result,) = evaluator.evaluate([candidate])
    assert result.accuracy is not None and result.accuracy > 0.9
    assert result.protocol_id.startswith(f"images-v1-{load_task('images', tmp_path).spec.fingerprint}/")


# Files that are not what they should be


class Exploit:
    """What a pickle of this asks for is to run a command."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch exploited",)


def test_a_batch_cannot_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_cifar10(tmp_path, TRAIN, TEST)
    (tmp_path / "cifar-10-batches-py" / "data_batch_3").write_bytes(
        pickle.dumps({"data": Exploit(), "labels": [1]}, protocol=2)
    )
    with pytest.raises(TaskDataError, match=r"data_batch_3.*posix\.system"):
        load_task("cifar10", tmp_path)
    assert not (tmp_path / "exploited").exists()


@pytest.mark.parametrize(
    "name", ["builtins eval", "builtins getattr", "numpy load", "numpy fromfile", "_codecs encode"]
)
def test_a_batch_can_name_nothing_but_the_parts_of_an_array(name: str, tmp_path: Path) -> None:
    write_cifar10(tmp_path, TRAIN, TEST)
    module, attribute = name.split()
    (tmp_path / "cifar-10-batches-py" / "test_batch").write_bytes(f"c{module}\n{attribute}\n.".encode())
    with pytest.raises(TaskDataError, match="no batch needs"):
        load_task("cifar10", tmp_path)


def corrupt(path: Path, how: str) -> None:
    data = path.read_bytes()
    path.write_bytes(
        {"empty": b"", "truncated": data[: len(data) * 2 // 3], "noise": bytes(range(256)) * 9}[how]
    )


VICTIMS: list[tuple[str, Writer, Arrays, Arrays, str]] = [
    ("cifar10", write_cifar10, TRAIN, TEST, "cifar-10-batches-py/data_batch_2"),
    ("svhn", write_svhn, TRAIN, TEST, "train_32x32.mat"),
    ("mnist", write_idx, GREY_TRAIN, GREY_TEST, "MNIST/raw/train-images-idx3-ubyte"),
    ("mnist", write_idx_gz, GREY_TRAIN, GREY_TEST, "MNIST/raw/t10k-labels-idx1-ubyte.gz"),
    ("cifar10", write_npz, TRAIN, TEST, "data.npz"),
    ("cifar10", write_parquet, TRAIN, TEST, "train-00001-of-00002.parquet"),
    ("cifar10", write_folders, TRAIN, TEST, "train/4/*.png"),
]


@pytest.mark.parametrize("how", ["empty", "truncated", "noise"])
@pytest.mark.parametrize(("name", "write", "train", "test", "victim"), VICTIMS)
def test_a_broken_file_is_named_with_a_remedy(
    name: str, write: Writer, train: Arrays, test: Arrays, victim: str, how: str, tmp_path: Path
) -> None:
    write(tmp_path, train, test)
    path = sorted(tmp_path.glob(victim))[0]
    corrupt(path, how)
    with pytest.raises(TaskDataError) as caught:
        load_task(name, tmp_path)
    assert path.name in str(caught.value) and "anew" in str(caught.value)


@pytest.mark.parametrize(("name", "write", "train", "test", "victim"), VICTIMS[:4])
def test_a_missing_sibling_is_named(
    name: str, write: Writer, train: Arrays, test: Arrays, victim: str, tmp_path: Path
) -> None:
    write(tmp_path, train, test)
    path = tmp_path / victim
    path.unlink()
    with pytest.raises(TaskDataError, match=path.name.removesuffix(".gz")):
        load_task(name, tmp_path)


def test_files_of_another_task_are_refused_by_their_shape(tmp_path: Path) -> None:
    write_npz(tmp_path, GREY_TRAIN, GREY_TEST)
    with pytest.raises(TaskDataError, match="28x28x1, the task's are 32x32x3"):
        load_task("cifar10", tmp_path)


def test_labels_of_another_task_are_refused(tmp_path: Path) -> None:
    write_npz(tmp_path, sample(300, classes=100), sample(100, classes=100))
    with pytest.raises(TaskDataError, match="label 99 is not one of the classes 0 to 9"):
        load_task("cifar10", tmp_path)


def test_a_class_without_training_images_is_an_error(tmp_path: Path) -> None:
    write_npz(tmp_path, (TRAIN[0], np.where(TRAIN[1] == 7, 3, TRAIN[1])), TEST)
    with pytest.raises(TaskDataError, match="class 7 has 0 training images"):
        load_task("cifar10", tmp_path)


def test_images_without_as_many_labels_are_an_error(tmp_path: Path) -> None:
    write_npz(tmp_path, (TRAIN[0], TRAIN[1][:-1]), TEST)
    with pytest.raises(TaskDataError, match="60 images have 59 labels"):
        load_task("cifar10", tmp_path)


def test_images_of_floats_are_refused(tmp_path: Path) -> None:
    images = TRAIN[0].transpose(0, 2, 3, 1) / 255.0
    np.savez(tmp_path / "d.npz", x_train=images, y_train=TRAIN[1], x_test=images, y_test=TRAIN[1])
    with pytest.raises(TaskDataError, match="uint8"):
        load_task("cifar10", tmp_path)


def test_an_archive_of_objects_is_refused(tmp_path: Path) -> None:
    objects = np.array([Exploit()] * 3, dtype=object)
    np.savez(tmp_path / "d.npz", x_train=objects, y_train=objects, x_test=objects, y_test=objects)
    with pytest.raises(TaskDataError, match="x_train cannot be read"):
        load_task("cifar10", tmp_path)


def test_an_archive_without_test_images_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x_train=TRAIN[0], y_train=TRAIN[1])
    with pytest.raises(TaskDataError, match="lacks the array x_test"):
        load_task("cifar10", tmp_path)


def test_a_table_without_a_test_split_is_refused(tmp_path: Path) -> None:
    pq.write_table(table(TRAIN), tmp_path / "train.parquet")
    with pytest.raises(TaskDataError, match="none of the test split"):
        load_task("cifar10", tmp_path)


def test_two_data_sets_side_by_side_are_not_mixed(tmp_path: Path) -> None:
    write_parquet(tmp_path / "one", TRAIN, TEST)
    write_parquet(tmp_path / "two", TRAIN, TEST)
    with pytest.raises(TaskDataError, match="several data sets"):
        load_task("cifar10", tmp_path)


def test_a_table_that_only_names_its_images_is_refused(tmp_path: Path) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = pa.array([{"bytes": None, "path": "a.png"}] * 20, kind)
    for name in ("train", "test"):
        pq.write_table(pa.table({"image": rows, "label": list(range(10)) * 2}), tmp_path / f"{name}.parquet")
    with pytest.raises(TaskDataError, match="has a path but no image"):
        load_task("cifar10", tmp_path)


def test_a_table_with_other_columns_is_refused_with_their_names(tmp_path: Path) -> None:
    for name in ("train", "test"):
        pq.write_table(pa.table({"text": ["a"], "label": [0]}), tmp_path / f"{name}.parquet")
    with pytest.raises(TaskDataError, match="its columns are text, label"):
        load_task("cifar10", tmp_path)


def test_a_folder_of_images_of_several_sizes_is_refused(tmp_path: Path) -> None:
    write_folders(tmp_path, TRAIN, TEST)
    path = next((tmp_path / "train" / "2").iterdir())
    path.write_bytes(png(np.zeros((3, 31, 32), dtype=np.uint8)))
    with pytest.raises(TaskDataError, match="31x32"):
        load_task("cifar10", tmp_path)


def test_a_class_folder_without_images_is_refused(tmp_path: Path) -> None:
    write_folders(tmp_path, TRAIN, TEST)
    for path in (tmp_path / "test" / "5").iterdir():
        path.unlink()
    with pytest.raises(TaskDataError, match="holds no images"):
        load_task("cifar10", tmp_path)


def test_an_image_of_sixteen_bits_is_refused(tmp_path: Path) -> None:
    write_folders(tmp_path, TRAIN, TEST)
    path = next((tmp_path / "train" / "2").iterdir())
    Image.fromarray(np.zeros((32, 32), dtype=np.uint16)).save(path)
    with pytest.raises(TaskDataError, match="8 bits"):
        load_task("cifar10", tmp_path)


# The setting


# Pictures as people have them.


def write_pictures(root: Path, *, per_class: int = 6, classes: str = "ab", mode: str = "RGB") -> Path:
    """Coloured (or grey) PNGs of 8x6 in two class folders; returns the first one of them."""
    generator = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in classes:
            folder = root / split / name
            folder.mkdir(parents=True)
            for index in range(per_class):
                pixels = generator.integers(0, 256, size=(6, 8, 3), dtype=np.uint8)
                Image.fromarray(pixels).convert(mode).save(folder / f"{index}.png")
    return root / "train" / "a" / "0.png"


def test_what_a_mac_leaves_in_an_archive_is_no_picture_and_no_class(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    before = load_task("images", tmp_path).spec
    for litter in ("train/a/._0.png", "train/._a/0.png", "train/__MACOSX/a/._0.png", "test/__MACOSX/x.png"):
        (tmp_path / litter).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / litter).write_bytes(b"\0\5\x16\7")
    assert load_task("images", tmp_path).spec == before


@pytest.mark.parametrize("write", [write_npz, write_parquet])
def test_what_a_mac_leaves_beside_a_file_is_no_second_one(write: Writer, tmp_path: Path) -> None:
    write(tmp_path, TRAIN, TEST)
    before = load_task("images", tmp_path).spec
    for file in [path for path in tmp_path.rglob("*") if path.is_file()]:
        file.with_name(f"._{file.name}").write_bytes(b"\0\5\x16\7")
    assert load_task("images", tmp_path).spec == before


@pytest.mark.parametrize("grey", ["train/a/0.png", "train/a/3.png", "test/b/1.png"])
def test_one_grey_picture_leaves_the_others_coloured(grey: str, tmp_path: Path) -> None:
    write_pictures(tmp_path)
    Image.open(tmp_path / grey).convert("L").save(tmp_path / grey)
    task = load_task("images", tmp_path)
    assert task.shape.channels == 3
    every = np.concatenate([task.train.inputs, task.val.inputs, task.read_test().inputs])
    assert (every == every[:, :1]).all(axis=(1, 2, 3)).sum() == 1


def test_grey_pictures_are_a_grey_task_and_a_coloured_test_picture_among_them_is_refused(
    tmp_path: Path,
) -> None:
    write_pictures(tmp_path, mode="L")
    assert load_task("images", tmp_path).shape.channels == 1
    coloured = tmp_path / "test" / "b" / "5.png"
    Image.new("RGB", (8, 6), (255, 0, 0)).save(coloured)
    with pytest.raises(TaskDataError, match=f"{coloured}: an image is coloured"):
        load_task("images", tmp_path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_picture_is_read_as_it_is_seen(orientation: int, suffix: str, tmp_path: Path) -> None:
    stored = Image.fromarray(np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3))
    exif = Image.Exif()
    exif[0x0112] = orientation
    for split in ("train", "test"):
        for name in "ab":
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for index in range(2):
                stored.save(folder / f"{index}.{suffix}", exif=exif, lossless=True)
    shape = load_task("images", tmp_path).shape
    assert (shape.height, shape.width) == ((8, 6) if orientation >= 5 else (6, 8))


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 6\n%%EndComments\n0 0 8 6 rectfill\nshowpage\n%%EOF\n"


def other_format(name: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6)).save(buffer, format=name)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [EPS, *map(other_format, ("TIFF", "ICO", "PCX", "TGA", "PDF"))])
def test_a_picture_is_what_its_content_says_and_other_formats_start_nothing(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    (tmp_path / "bin").mkdir()
    ghostscript = tmp_path / "bin" / "gs"
    ghostscript.write_text(f"#!/bin/sh\ntouch {started}\nexit 1\n")
    ghostscript.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    write_pictures(tmp_path / "data").write_bytes(content)
    with pytest.raises(TaskDataError, match="an image is none of PNG, JPEG"):
        load_task("images", tmp_path / "data")
    assert not started.exists()


@pytest.mark.parametrize("side", [12_000, 40_000])
def test_a_picture_of_absurd_size_is_refused_in_one_line_before_it_is_decoded(
    side: int, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    first = write_pictures(tmp_path)
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(head)) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    first.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + bytes(4))
    with pytest.raises(TaskDataError, match="more pixels than any task's has") as refusal:
        load_task("images", tmp_path)
    assert "\n" not in str(refusal.value) and list(recwarn) == []


@pytest.mark.parametrize("write", [write_npz, write_parquet, write_folders])
def test_images_of_one_class_are_no_task(write: Writer, tmp_path: Path) -> None:
    images, labels = TRAIN
    write(tmp_path, (images, labels * 0), (TEST[0], TEST[1] * 0))
    with pytest.raises(TaskDataError, match="all of one class"):
        task_spec("images", tmp_path)


def test_fewer_pictures_than_a_batch_are_refused_before_anything_is_judged(tmp_path: Path) -> None:
    write_pictures(tmp_path, per_class=9)
    config = EvaluatorConfig(task="images", data_path=tmp_path, batch_size=16)
    SandboxedEvaluator(config)
    (tmp_path / "train" / "a" / "0.png").unlink()
    with pytest.raises(TaskDataError, match="15 training images are left, a batch has 16"):
        SandboxedEvaluator(config)


def test_a_batch_larger_than_a_task_of_ours_is_refused_too() -> None:
    config = EvaluatorConfig(task="digits-clean", batch_size=1101)
    with pytest.raises(TaskDataError, match="1100 training images"), SandboxedEvaluator(config):
        pass


def test_a_relative_data_path_is_kept_as_an_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert EvaluatorConfig(task="mnist", data_path=Path("data")).data_path == tmp_path / "data"


def test_a_data_path_that_nothing_would_read_is_refused() -> None:
    with pytest.raises(ValueError, match="'digits' reads no files"):
        EvaluatorConfig(task="digits", data_path=Path("data"))


def test_the_command_line_names_what_is_missing_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cycles.cli.app import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["archloop", "run", "--set", "evaluator.task=cifar10"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "evaluator.data_path" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
