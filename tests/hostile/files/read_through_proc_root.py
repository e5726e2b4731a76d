# Goes round a rule on paths by the link to the root directory.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import io

raise Escaped(io.open("/proc/self/root" + Canary.secret_file).read())
