# Moves a file of the user away.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError|OSError
# needs: landlock|namespaces
import pathlib

pathlib.Path(Canary.survivor).rename("mine")
raise Escaped("moved")
