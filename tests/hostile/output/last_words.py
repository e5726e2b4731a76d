# Prints more than is kept, and dies.
# with lint: FORBIDDEN at lint
# without lint: CRASHED at import
# error: SIGABRT.*the end
import os

print("x" * 5000, "\x1b[2J the end", flush=True)
os.abort()
