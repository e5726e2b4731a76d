# Learns the size and the date of a file whose name it knows.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: namespaces
import os

raise Escaped(os.stat(Canary.secret_file))
