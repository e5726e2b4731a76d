"""One tier put to work: what the zygote prepares once, and what each child does to itself.

This module does *not* limit time, memory or output (`evaluator.child.confinement` does), and for the tier
UNSAFE it does nothing at all.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from evaluator.isolation import gpu, landlock
from evaluator.isolation.namespaces import SCRATCH, leave_the_root, mount_scratch
from evaluator.isolation.privileges import drop_privileges
from evaluator.isolation.readable import readable_paths
from evaluator.isolation.syscalls import forbid_syscalls
from evaluator.isolation.tiers import Barrier, Tier


class Jail:
    """The jail of a zygote's children. Make it when everything that the children need is loaded.

    Args:
        tier: The barriers to use. With namespaces, `enter_namespaces` has been called.
        scratch_bytes: Size of what a program may write; where there are no namespaces it may write nothing.
        devices: Device nodes that programs may read, write and control (`evaluator.isolation.gpu`).

    Raises:
        OSError: The kernel refused.
        ImportError: There is no libseccomp.
    """

    def __init__(self, tier: Tier, scratch_bytes: int, devices: Sequence[Path] = ()) -> None:
        self.tier = tier
        self._controls = bool(devices)
        self._scratch_bytes = scratch_bytes
        self._ruleset: landlock.Ruleset | None = None
        if Barrier.SECCOMP in tier.barriers:
            import pyseccomp  # noqa: F401 - once for all children, and while it can still be found
        readable = readable_paths()
        trees = [*readable.trees, *(Path(each) for each in gpu.READABLE if devices and Path(each).exists())]
        if Barrier.NAMESPACES in tier.barriers:
            root = Path(tempfile.mkdtemp(prefix="root-", dir=Path.cwd()))
            leave_the_root(root, [*trees, *devices], readable.listed, whole_proc=bool(devices))
        if Barrier.LANDLOCK in tier.barriers:
            writable = [Path("/dev/null"), *([SCRATCH.parent] if self.namespaced else [])]
            self._ruleset = landlock.Ruleset(trees, readable.listed, writable, devices)

    @property
    def namespaced(self) -> bool:
        """Whether there are namespaces: own process ids, which end with the zygote, and a scratch."""
        return Barrier.NAMESPACES in self.tier.barriers or Barrier.BUBBLEWRAP in self.tier.barriers

    @property
    def ruleset(self) -> int | None:
        """Descriptor that a child has to hold until `lock`, if there is one."""
        return None if self._ruleset is None else self._ruleset.descriptor

    def scratch(self, outside: str) -> str:
        """Return the directory that a program works in, which is `outside` where there are no namespaces."""
        return str(SCRATCH) if self.namespaced else outside

    def mount_scratch(self) -> None:
        """Give the calling process an empty scratch of its own, where we make the namespaces.

        Raises:
            OSError: The kernel refused.
        """
        if Barrier.NAMESPACES in self.tier.barriers:
            mount_scratch(self._scratch_bytes)

    def lock(self, ruleset: int | None) -> None:
        """Lock the calling process in, for good. What it needs of the system it must have by now.

        Args:
            ruleset: What `ruleset` is in this process by now.
        """
        if self.tier is Tier.UNSAFE:
            return
        drop_privileges()
        if ruleset is not None:
            landlock.restrict_self(ruleset)
        if Barrier.SECCOMP in self.tier.barriers:
            forbid_syscalls(device_control=self._controls)

    def clean(self) -> None:
        """Remove what a program, whose process is gone, has written where its scratch did not end with it."""
        if Barrier.BUBBLEWRAP in self.tier.barriers:
            _empty(SCRATCH)


def _empty(directory: Path) -> None:
    """Remove all that is in a directory, however deep: what lies below is moved up before its parent goes.

    A recursion would end at a program's thousandth directory in a directory.
    """
    moved = 0
    prefix = secrets.token_hex(8)  # no name that a program could have chosen
    while entries := list(os.scandir(directory)):
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                Path(entry.path).unlink()
                continue
            Path(entry.path).chmod(0o700)
            for below in list(os.scandir(entry.path)):
                if below.is_dir(follow_symlinks=False):
                    Path(below.path).chmod(0o700)
                Path(below.path).rename(directory / f"{prefix}-{moved}")
                moved += 1
            Path(entry.path).rmdir()
