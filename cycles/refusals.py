"""What the operating system refuses, as one line: the thing, the fact and the remedy.

A refusal is the environment's answer to something sensible: no room, no permission, no such place. Which
errors are refusals is decided by `errno`, kind by kind; an error that only a fault in a program brings about
(EBADF, EFAULT, EINVAL, a pipe that broke) is *none*, and keeps its traceback.

This module does *not* print or end anything (`cycles.cli.endings` does).
"""

from __future__ import annotations

import errno
import os
import re

_REMEDIES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("Change its permissions, or choose another place.", (errno.EACCES, errno.EPERM)),
    ("Choose a place that can be written to.", (errno.EROFS, errno.ETXTBSY)),
    ("Free some room.", (errno.ENOSPC, errno.EDQUOT)),
    ("Raise the limit on file sizes (ulimit -f), or choose another file system.", (errno.EFBIG,)),
    ("Check the path.", (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENODEV)),
    ("Choose a shorter or plainer name.", (errno.ENAMETOOLONG, errno.EILSEQ)),
    ("Choose another place.", (errno.EEXIST, errno.ENOTEMPTY, errno.EBUSY, errno.EMLINK, errno.EOPNOTSUPP)),
    ("Raise the limit on open files (ulimit -n).", (errno.EMFILE, errno.ENFILE)),
    ("Free some memory, or raise the limits on memory and processes (ulimit).", (errno.ENOMEM, errno.EAGAIN)),
    ("Check the disk and its mount.", (errno.EIO, errno.ESTALE, errno.EUCLEAN, errno.ENOTCONN, errno.ENOLCK)),
    ("Check the address and the network.", (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)),
    ("Check the network, and try again.", (errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENETDOWN)),
    ("Choose another port.", (errno.EADDRINUSE, errno.EADDRNOTAVAIL)),
)

_FROM_RUST = re.compile(r"\(os error (\d+)\)")
"""How libraries in Rust, such as safetensors, name the number in errors of types of their own."""

_REMEDY = {number: remedy for remedy, numbers in _REMEDIES for number in numbers}


def refusal(error: Exception) -> str | None:
    """Return the line for the user, or None where the error is a fault of the program's."""
    number = _number(error)
    remedy = _REMEDY.get(number)
    if remedy is None:
        return None
    fact = os.strerror(number)
    # Of a renaming, the place that was asked for is the second one.
    place = getattr(error, "filename2", None) or getattr(error, "filename", None)
    if not isinstance(place, (str, bytes, os.PathLike)):
        return f"{fact}. {remedy}"
    return f"{os.fsdecode(place)}: {fact[:1].lower()}{fact[1:]}. {remedy}"


def _number(error: Exception) -> int:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    named = _FROM_RUST.search(str(error))
    return int(named[1]) if named else 0
