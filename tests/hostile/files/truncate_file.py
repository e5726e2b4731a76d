# Empties a file of the user without opening it.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import os

os.truncate(Canary.survivor, 0)
raise Escaped("truncated")
