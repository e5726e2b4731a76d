# Looks for tokens in the environment of the evaluator's own process.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import io

raise Escaped(io.open(f"/proc/{Canary.supervisor}/environ").read()[-300:])
