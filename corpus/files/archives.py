"""Reads arrays from an `.npz` archive that somebody else may have made.

What an array's header claims is compared with what the archive says that the member holds, and both with a
bound, before anything is allocated: a small file unpacks into a large array only if that may be large. This
module does *not* unpickle: an archive with objects in it is refused.
"""

from __future__ import annotations

import zipfile
import zlib
from math import prod
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

BROKEN = (OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What a damaged archive makes the libraries raise, a bound exceeded (ValueError) included."""


def array_names(archive: zipfile.ZipFile) -> set[str]:
    """Return the names of the arrays in an archive."""
    return {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}


def array_form(archive: zipfile.ZipFile, name: str, limit: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of an array of at most `limit` bytes, from its header.

    Raises:
        KeyError: There is no array of that name.
        ValueError: It is larger, holds objects, or its header does not fit the member.
    """
    with archive.open(f"{name}.npy") as member:
        return _header(archive, name, member, limit)


def read_array(archive: zipfile.ZipFile, name: str, limit: int) -> NDArray[Any]:
    """Return an array of at most `limit` bytes.

    Raises:
        KeyError: There is no array of that name.
        ValueError: It is larger, holds objects, or its header does not fit the member.
    """
    with archive.open(f"{name}.npy") as member:
        _header(archive, name, member, limit)
    with archive.open(f"{name}.npy") as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _header(
    archive: zipfile.ZipFile, name: str, member: IO[bytes], limit: int
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    else:
        raise ValueError(f"array format {version[0]}.{version[1]} is not read")
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    held = archive.getinfo(f"{name}.npy").file_size - member.tell()
    claimed = prod(shape) * dtype.itemsize
    if claimed != held or not dtype.itemsize:
        raise ValueError(f"its header claims {claimed:,} bytes, and there are {held:,}")
    if held > limit:
        raise ValueError(f"it has {held:,} bytes, the limit is {limit:,}")
    return shape, dtype
