# Deletes a file of the user.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import pathlib

pathlib.Path(Canary.survivor).unlink()
raise Escaped("deleted")
