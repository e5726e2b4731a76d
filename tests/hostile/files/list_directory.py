# Lists a directory of the user.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import os

raise Escaped(os.listdir(Canary.directory))
