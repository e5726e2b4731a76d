# Becomes another program.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: seccomp
import os
import sys

os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"])
