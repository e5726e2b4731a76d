#!/usr/bin/env python
"""Copy the first images of a data set in IDX files (MNIST, Fashion-MNIST), for experiments that cost less.

    .venv/bin/python scripts/cut_idx.py /usr/share/datasets/fashion-mnist runs/fashion-mnist-10k

The copy is a folder for `evaluator.data_path`. The order of the files is kept, so the same numbers give the
same copy, and a task made from it has the same fingerprint everywhere. It does *not* split: a task takes its
validation images from the training images, by itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import TaskDataError
from evaluator.tasks.formats.idx import IdxFiles
from evaluator.tasks.task import Examples


def main() -> int:
    """Read the arguments and write the four files; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="folder with the four files, plain or .gz")
    parser.add_argument("out", type=Path, help="folder to make")
    parser.add_argument("--train", type=int, default=10_000, help="training images (default: %(default)s)")
    parser.add_argument("--test", type=int, default=2_000, help="test images (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        cut(arguments.source, arguments.out, arguments.train, arguments.test)
    except (TaskDataError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{arguments.out}: {arguments.train:,} training and {arguments.test:,} test images")
    return 0


def cut(source: Path, out: Path, train: int, test: int) -> None:
    """Write the first `train` and `test` images of `source`, with their labels, to the new folder `out`.

    Raises:
        TaskDataError: A file is missing or broken, or has fewer images than asked for.
        FileExistsError: `out` exists.
    """
    files = IdxFiles(source)
    whole = zip(("train", "t10k"), files.read(files.shape()), (train, test), strict=True)
    parts = {name: _first(examples, count, source) for name, examples, count in whole}
    if out.exists():
        raise FileExistsError(f"{out} exists already. Name a new folder.")
    out.mkdir(parents=True)
    for name, part in parts.items():
        (out / f"{name}-images-idx3-ubyte").write_bytes(_idx(part.inputs[:, 0]))
        (out / f"{name}-labels-idx1-ubyte").write_bytes(_idx(part.targets.astype(np.uint8)))


def _first(examples: Examples, count: int, source: Path) -> Examples:
    if not 0 < count <= len(examples):
        raise TaskDataError(
            source, f"it has {len(examples):,} images where {count:,} are asked for", "Ask for fewer."
        )
    return Examples(examples.inputs[:count], examples.targets[:count])


def _idx(array: NDArray[np.uint8]) -> bytes:
    header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, dtype=">u4").tobytes()
    return header + array.tobytes()


if __name__ == "__main__":
    sys.exit(main())
