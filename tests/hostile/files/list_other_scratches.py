# Looks for the scratch directories of the programs beside it.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import os

raise Escaped(os.listdir(Canary.scratch_root))
