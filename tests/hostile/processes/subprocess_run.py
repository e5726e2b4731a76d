# Starts a shell as everybody does.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: seccomp
import subprocess

raise Escaped(subprocess.run(["/bin/sh", "-c", "id"], capture_output=True).stdout)
