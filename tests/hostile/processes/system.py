# Starts a shell by the C library.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: status -1|status 32512
# needs: seccomp
import os

status = os.system("sleep 60")
if status not in (-1, 32512):
    raise Escaped(status)
raise ValueError(f"status {status}")
