"""Landlock: the kernel refuses every file, signal and TCP port that is not on a list.

The rules are made once, in the zygote; each child puts itself under them with one call. Source: the kernel's
documentation, "Landlock: unprivileged access control" (userspace-api/landlock), up to version 7.

Landlock does *not* cover UDP, the metadata of files (stat, chmod), or processes: seccomp does that. Before
version 3 it does not cover truncation either: whoever may read a file may empty it (`O_RDONLY | O_TRUNC`), so
such a kernel counts as one without Landlock.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from evaluator.isolation.kernel import syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _REFER = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 13
_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
_CONTROL = _READ_FILE | _WRITE_FILE | _IOCTL_DEV

_OLDEST = 3
# How many of the rights on files each version of the interface knows, from the oldest that is used on.
_FILE_RIGHTS_KNOWN = (15, 15, 16)
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6
_ALL_TCP = 0b11
_ALL_SCOPES = 0b11  # abstract unix sockets, signals


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return the version of the kernel's interface, from 1.

    Raises:
        OSError: The kernel has none, or it is switched off.
    """
    return syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG, name="landlock")


class Ruleset:
    """Rights on files; everything that no rule grants is refused.

    Args:
        readable: Files, and directories with all that is below them.
        listed: Directories whose names, and those of all below, may be listed.
        writable: Directories in which files may be made, written and removed; and devices.
        controlled: Devices that may be read, written and controlled.

    Raises:
        OSError: The kernel has no Landlock, or one that cannot forbid truncation.
    """

    def __init__(
        self,
        readable: Iterable[Path],
        listed: Iterable[Path],
        writable: Iterable[Path],
        controlled: Iterable[Path] = (),
    ) -> None:
        known_version = version()
        if known_version < _OLDEST:
            raise OSError(
                errno.ENOSYS, f"version {known_version} lets a program empty every file that it may read"
            )
        known = _FILE_RIGHTS_KNOWN[min(known_version - _OLDEST, len(_FILE_RIGHTS_KNOWN) - 1)]
        self._handled = (1 << known) - 1
        attributes = _RulesetAttributes(
            files=self._handled,
            network=_ALL_TCP if known_version >= _NETWORK_SINCE else 0,
            scoped=_ALL_SCOPES if known_version >= _SCOPES_SINCE else 0,
        )
        size = 24 if known_version >= _SCOPES_SINCE else 16 if known_version >= _NETWORK_SINCE else 8
        self._descriptor = syscall(
            _CREATE_RULESET, ctypes.byref(attributes), size, 0, name="landlock_create_ruleset"
        )
        granted = ((readable, _READ), (listed, _READ_DIR), (writable, _WRITE), (controlled, _CONTROL))
        for paths, rights in granted:
            for path in paths:
                self._grant(path, rights)

    @property
    def descriptor(self) -> int:
        """The ruleset as a descriptor, for `restrict_self`."""
        return self._descriptor

    def _grant(self, path: Path, rights: int) -> None:
        try:
            parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EACCES, errno.ENOTDIR):
                return  # what is not there, or not for us, need not be granted
            raise
        try:
            if not stat.S_ISDIR(os.fstat(parent).st_mode):
                rights &= _FILE_RIGHTS
            rule = _PathBeneath(rights & self._handled, parent)
            syscall(
                _ADD_RULE, self._descriptor, _PATH_BENEATH, ctypes.byref(rule), 0, name="landlock_add_rule"
            )
        finally:
            os.close(parent)


def restrict_self(ruleset: int) -> None:
    """Put the calling thread, and all that it starts, under a ruleset. Needs NO_NEW_PRIVS.

    Args:
        ruleset: Descriptor of a `Ruleset`; closed afterwards.
    """
    syscall(_RESTRICT_SELF, ruleset, 0, name="landlock_restrict_self")
    os.close(ruleset)
