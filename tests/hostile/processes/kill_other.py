# Kills a process of the same user.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import os

os.kill(Canary.victim, 9)
raise Escaped("killed")
