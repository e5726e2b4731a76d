# Starts a shell by the call that is neither fork nor exec.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: seccomp
import os

raise Escaped(os.posix_spawn("/bin/sh", ["sh", "-c", "sleep 60"], {}))
