# Climbs out of its working directory.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import io

raise Escaped(io.open("../" * 40 + Canary.secret_file.lstrip("/")).read())
