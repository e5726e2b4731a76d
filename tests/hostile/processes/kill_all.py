# Asks whether it may signal every process there is. (Signal 0: it asks, and harms nobody if it may.)
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import os

os.kill(-1, 0)
raise Escaped("it may")
