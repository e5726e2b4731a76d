"""The file formats that tasks are read from, one module each, and how to tell which is there.

    tables    parquet and arrow, as on the Hugging Face hub and in the cache of `datasets`
    cifar     python batches of CIFAR-10 and CIFAR-100, as torchvision and keras unpack them
    svhn      `*_32x32.mat`
    idx       `train-images-idx3-ubyte` and its three siblings, plain or gzipped
    npz       `x_train`, `y_train`, `x_test`, `y_test`, as keras ships them; with `kind`, any kind of task
    masks     `train/images/*` and `train/masks/*.png`, `test/` likewise
    folders   `train/CLASS/*.png` and `test/CLASS/*.png`

    contents  what all of them share: a source, and the checks on what it holds
    targets   the checks on the targets of each kind
    pictures  encoded images as bytes

A format is recognised by the names of its files; what they hold is checked when they are read. This package
does *not* split, search or download.
"""

from __future__ import annotations

from pathlib import Path

from evaluator.tasks.formats.contents import Source
from evaluator.tasks.places import Layout


def recognise(place: Path, task: str, layout: Layout) -> Source | None:
    """Return the files of `task` at `place`, a directory or a file, or None if there are none.

    Raises:
        TaskDataError: There are files of the kind, but it is not clear which of them are meant.
    """
    from evaluator.tasks.formats.cifar import CifarBatches
    from evaluator.tasks.formats.folders import ImageFolders
    from evaluator.tasks.formats.idx import IdxFiles
    from evaluator.tasks.formats.masks import ImageMasks
    from evaluator.tasks.formats.npz import NpzFile
    from evaluator.tasks.formats.svhn import MatFiles
    from evaluator.tasks.formats.tables import Tables

    source: Source | None = None
    for find in (
        CifarBatches.find,
        MatFiles.find,
        IdxFiles.find,
        Tables.find,
        NpzFile.find,
        ImageMasks.find,
        ImageFolders.find,
    ):
        source = source or find(place, task, layout)
    return source
