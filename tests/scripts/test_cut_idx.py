"""A smaller copy of a data set in IDX files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluator.errors import TaskDataError
from evaluator.tasks.formats.idx import IdxFiles
from scripts.cut_idx import cut
from tests.evaluator.test_tasks_files import GREY_TEST, GREY_TRAIN, write_idx, write_idx_gz


@pytest.fixture(params=[write_idx, write_idx_gz])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The four files of a small data set, plain and gzipped."""
    request.param(tmp_path / "whole", GREY_TRAIN, GREY_TEST)
    return tmp_path / "whole" / "MNIST" / "raw"


def test_the_copy_holds_the_first_images_with_their_labels(whole: Path, tmp_path: Path) -> None:
    cut(whole, tmp_path / "some" / "copy", train=20, test=7)
    copy = IdxFiles(tmp_path / "some" / "copy")
    for part, (images, labels), count in zip(
        copy.read(copy.shape()), (GREY_TRAIN, GREY_TEST), (20, 7), strict=True
    ):
        assert np.array_equal(part.inputs, images[:count])
        assert np.array_equal(part.targets, labels[:count])


def test_more_images_than_there_are_is_said_and_leaves_nothing_behind(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(TaskDataError, match="40 images where 41 are asked for"):
        cut(whole, tmp_path / "copy", train=41, test=7)
    assert not (tmp_path / "copy").exists()


def test_a_folder_that_is_there_is_not_written_to(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with pytest.raises(FileExistsError):
        cut(whole, tmp_path / "copy", train=20, test=7)
    assert list((tmp_path / "copy").iterdir()) == []
