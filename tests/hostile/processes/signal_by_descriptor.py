# Kills a process by a descriptor in place of its number.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import os
import signal

signal.pidfd_send_signal(os.pidfd_open(Canary.victim), signal.SIGKILL)
raise Escaped("killed")
