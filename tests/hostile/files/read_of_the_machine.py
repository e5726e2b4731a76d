# Reads from /proc what the machine is and does, beside the processes of its own.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: namespaces
import os

for name in ("stat", "loadavg", "interrupts", "diskstats", "mounts/../../net/dev", "sys/kernel/hostname", "cmdline"):
    try:
        with open(f"/proc/{name}") as file:
            said = file.read(100)
    except OSError:
        continue
    raise Escaped(name, said)
raise ValueError("all refused")
