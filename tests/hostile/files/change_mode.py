# Lets everybody read a file of the user.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: seccomp|namespaces
import os

os.chmod(Canary.secret_file, 0o777)
raise Escaped("changed")
