# Becomes another user.
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import os

os.setuid(os.getuid())
raise Escaped("changed")
