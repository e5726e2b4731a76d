# Overwrites a file of the user.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
open(Canary.survivor, "w").write("spoilt")
raise Escaped("overwritten")
