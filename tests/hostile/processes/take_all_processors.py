# Moves itself to other processors, and before others.
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: seccomp
import os

calls = (
    lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    lambda: os.setpriority(os.PRIO_PROCESS, 0, -20),
)
for number, call in enumerate(calls):
    try:
        call()
    except PermissionError:
        continue
    raise Escaped(number)
raise ValueError("all refused")
