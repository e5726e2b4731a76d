# Forks.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import os
import time

if os.fork() == 0:
    time.sleep(60)
raise Escaped("forked")
