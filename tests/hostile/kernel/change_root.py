# Changes its root directory: the first step of the way out of a changed root.
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import os

os.chroot(".")
raise Escaped("changed")
