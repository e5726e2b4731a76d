# Kills the process that it was forked from.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import os

os.kill(os.getppid(), 9)
raise Escaped("killed")
