# Closes its output and prints.
# without lint: RUNTIME_ERROR at import
# error: Bad file descriptor
import os

os.closerange(0, 3)
print("x" * 1000, flush=True)
