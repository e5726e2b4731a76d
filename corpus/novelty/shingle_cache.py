"""Keeps the shingle sets of a ledger's programs beside it, so that an index is there in seconds.

The cache is a folder of numbered parts, each the next programs in the order of the ledger; a part is
written whole or not at all. It may be deleted at any time: what it lacks is computed from the ledger again,
and a part that is damaged, or that does not fit the ledger, is passed over with all that follow. Each
definition of shingles has a folder of its own, so sets of two definitions never meet.

This module does *not* decide which programs belong into it, and never writes to the ledger.
"""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.files.archives import BROKEN, read_array
from corpus.files.whole import file_in_the_making
from corpus.novelty.similarity import HASH_VERSION, SIMILARITY_VERSION, ShingleArray, Shingler
from corpus.programs.parsing import MAX_CHARACTERS

MAX_BYTES_OF_A_SET = 8 * MAX_CHARACTERS
"""Most bytes that one program may take in a part: eight for each shingle, and it has one a character."""

_log = logging.getLogger(__name__)


class CachedSets(NamedTuple):
    """The shingle sets of consecutive programs.

    Attributes:
        ids: The programs.
        flat: Their sets one behind the other.
        starts: (programs + 1,), where each begins; the last entry is the length of `flat`.
    """

    ids: list[str]
    flat: ShingleArray
    starts: NDArray[np.int64]


def joined(parts: Iterable[CachedSets], most: int) -> Iterator[CachedSets]:
    """Yield parts that follow one another as few large ones, of up to `most` programs.

    An index takes one large part in less time than many small ones.
    """
    waiting: list[CachedSets] = []
    for part in parts:
        if waiting and sum(len(each.ids) for each in waiting) + len(part.ids) > most:
            yield _whole(waiting)
            waiting = []
        waiting.append(part)
    if waiting:
        yield _whole(waiting)


def _whole(parts: Sequence[CachedSets]) -> CachedSets:
    sizes = np.concatenate([np.diff(part.starts) for part in parts])
    return CachedSets(
        [identifier for part in parts for identifier in part.ids],
        np.concatenate([part.flat for part in parts]),
        np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))),
    )


class ShingleCache:
    """The cached sets of one ledger under one definition of shingles."""

    def __init__(self, store: Path, shingler: Shingler) -> None:
        """Look beside the ledger; nothing is read or written yet."""
        masked = "masked" if shingler.mask_numbers else "kept"
        version = f"v{SIMILARITY_VERSION}.{HASH_VERSION}-{shingler.size}-{masked}"
        self.folder = store.with_name(store.name + ".shingles") / version

    def load(self, expected: Sequence[str]) -> Iterator[CachedSets]:
        """Yield, part by part, the sets of the first programs of `expected` as far as they are cached."""
        count = 0
        for part in self._parts(len(expected)):
            if list(expected[count : count + len(part.ids)]) != part.ids:
                _log.warning("%s does not fit the ledger; its programs are read again.", self.folder)
                return
            yield part
            count += len(part.ids)

    def append(self, ids: Sequence[str], sets: Sequence[ShingleArray], *, after: int) -> None:
        """Write a part for the programs that follow the first `after`; later parts are dropped.

        Raises:
            OSError: The folder cannot be written to.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self._paths():
            if int(path.stem) >= after:
                path.unlink()
        part = self.folder / f"{after:010d}.npz"
        with file_in_the_making(part) as partial, partial.open("wb") as file:
            np.savez(
                file,
                ids=np.array([identifier.encode() for identifier in ids], dtype=np.bytes_),
                flat=np.concatenate(sets),
                sizes=np.array([len(shingles) for shingles in sets], dtype=np.int64),
            )

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.npz"))

    def _parts(self, programs: int) -> Iterator[CachedSets]:
        """Yield the parts up to the first that is missing or damaged (a zip archive knows its checksums)."""
        count = 0
        for path in self._paths():
            if int(path.stem) != count:
                return
            try:
                with zipfile.ZipFile(path) as archive:
                    limit = programs * MAX_BYTES_OF_A_SET
                    ids = [identifier.decode() for identifier in read_array(archive, "ids", limit).tolist()]
                    flat, sizes = read_array(archive, "flat", limit), read_array(archive, "sizes", limit)
            except (*BROKEN, KeyError, AttributeError, MemoryError) as error:
                _log.warning("%s is damaged (%s); its programs are read again.", path, error)
                return
            whole = flat.dtype == np.uint64 and sizes.dtype == np.int64 and flat.ndim == sizes.ndim == 1
            if not whole or len(ids) != len(sizes) or int(sizes.sum()) != len(flat) or (sizes < 1).any():
                _log.warning("%s is damaged; its programs are read again.", path)
                return
            yield CachedSets(ids, flat, np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))))
            count += len(ids)
