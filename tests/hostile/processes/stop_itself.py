# Stops itself, and waits for somebody to have it go on.
# with lint: FORBIDDEN at lint
# without lint: TIMEOUT at import
# error: wall time
import os

os.kill(os.getpid(), 19)
