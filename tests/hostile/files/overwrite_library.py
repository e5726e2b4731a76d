# Overwrites torch.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|OSError
# needs: landlock|namespaces
import io

io.open(torch.__file__, "r+b", 0)
raise Escaped(torch.__file__)
