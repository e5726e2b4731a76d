# Locks a file that every process of the machine can read: a way to talk to all of them.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: seccomp
import fcntl
import os

WHOLE = b"\0" * 32
for lock in (
    lambda file: fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB),
    lambda file: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB),
    lambda file: fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB),
    lambda file: fcntl.fcntl(file, 37, WHOLE),
    lambda file: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK),
):
    for place in (os.__file__, torch.__file__, "/dev/null"):
        with open(place, "rb") as file:
            try:
                lock(file)
            except PermissionError:
                continue
            raise Escaped(place)
raise ValueError("all refused")
