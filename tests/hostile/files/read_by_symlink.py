# Reads a secret by a link of its own making.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import io
import os

os.symlink(Canary.secret_file, "link")
raise Escaped(io.open("link").read())
