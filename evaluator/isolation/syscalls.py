"""Seccomp: the system calls that exist for a program. All others fail with EPERM.

Threads can be started, processes cannot; a signal can go to the program itself and to nobody else; there is
no socket, no exec, no tracing, no mount, no device control but that of a GPU where one is used. A thread
shares the program's open files, so that one limit holds for all of them. No file can be locked: a lock on a
library would be a way to talk to all processes that read it. Calls whose absence libraries handle by
themselves (`clone3`) are answered with ENOSYS.

This does *not* look at what pointers point to, so paths are the business of Landlock and of namespaces.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Any

from evaluator.isolation import gpu
from evaluator.isolation.kernel import CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM

_ALLOWED = """
    read write readv writev pread64 pwrite64 lseek close close_range dup dup2 dup3 pipe pipe2 eventfd2
    open openat openat2 access faccessat faccessat2 stat lstat fstat newfstatat statx statfs fstatfs
    getdents getdents64 getcwd chdir fchdir readlink readlinkat umask fadvise64 readahead
    mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate fallocate fsync fdatasync
    mmap munmap mremap mprotect madvise msync brk membarrier
    futex futex_waitv set_robust_list get_robust_list rseq sched_yield set_tid_address
    arch_prctl riscv_flush_icache cacheflush
    sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
    get_mempolicy getcpu
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack
    restart_syscall pause alarm getitimer setitimer timer_create timer_settime timer_gettime timer_delete
    timer_getoverrun timerfd_create timerfd_settime timerfd_gettime nanosleep clock_nanosleep
    clock_gettime clock_getres gettimeofday time times getrusage getrlimit getpriority
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
    getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid
    uname sysinfo getrandom capget exit exit_group wait4 waitid
""".split()  # noqa: SIM905 - a column of 130 names would not be read

_THREAD = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD
"""What a thread must share with its program, as every thread of the C library does."""

_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030, 1032)
"""Duplicate, flags, the size of a pipe. Not: locks, who gets a signal when data arrive (F_SETOWN)."""

_TERMINAL_ATTRIBUTES = 0x5401
_PRCTL_OPTIONS = (15, 16, 0x53564D41)
"""Set and get a thread's name, name a memory area."""


def forbid_syscalls(*, device_control: bool = False) -> None:
    """Load the filter into the calling process, which must have one thread only and keep its process id.

    Args:
        device_control: Whether a GPU may be controlled (`evaluator.isolation.gpu`).

    Raises:
        OSError: The kernel refused.
        ImportError: There is no libseccomp.
    """
    import pyseccomp as seccomp

    def equal(argument: int, value: int) -> seccomp.Arg:
        return seccomp.Arg(argument, seccomp.EQ, value)

    only: dict[str, list[tuple[seccomp.Arg, ...]]] = {
        "clone": [(seccomp.Arg(0, seccomp.MASKED_EQ, _THREAD, _THREAD),)],
        "kill": [(equal(0, os.getpid()),)],
        "tgkill": [(equal(0, os.getpid()),)],
        "prlimit64": [(equal(0, 0), equal(2, 0))],
        "fcntl": [(equal(1, command),) for command in _FCNTL_COMMANDS],
        "ioctl": [(equal(1, _TERMINAL_ATTRIBUTES),), *(_device_controls() if device_control else ())],
        "prctl": [(equal(0, option),) for option in _PRCTL_OPTIONS],
    }
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in _known(_ALLOWED):
        rules.add_rule(seccomp.ALLOW, name)
    for name in _known(only):
        for conditions in only[name]:
            rules.add_rule(seccomp.ALLOW, name, *conditions)
    # The C library then falls back to clone, whose flags the filter can see.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    rules.load()


def _device_controls() -> list[tuple[Any, ...]]:
    """Return the conditions under which a call that controls a device goes to a GPU."""
    import pyseccomp as seccomp

    types = seccomp.Arg(1, seccomp.MASKED_EQ, 0xFF00, gpu.CONTROL_TYPE << 8)
    plain = seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF & ~gpu.UVM_HIGHEST, 0)
    return [(types,), (plain,), *((seccomp.Arg(1, seccomp.EQ, each),) for each in gpu.UVM_CONTROLS)]


def _known(names: Iterable[str]) -> list[str]:
    """Return those of `names` that this architecture has."""
    import pyseccomp as seccomp

    native = seccomp.system_arch()
    return [name for name in names if seccomp.resolve_syscall(native, name) >= 0]
