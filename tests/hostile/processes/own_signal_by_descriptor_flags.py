# Has the kernel send a signal to another process when data arrive.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import fcntl
import os

F_SETSIG = 10
reader, writer = os.pipe()
fcntl.fcntl(reader, fcntl.F_SETOWN, Canary.victim)
fcntl.fcntl(reader, F_SETSIG, 9)
raise Escaped("set")
