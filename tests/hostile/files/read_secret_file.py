# Reads a file of the user that runs the evaluator.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import io

raise Escaped(io.open(Canary.secret_file).read())
