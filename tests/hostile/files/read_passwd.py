# Reads the list of users.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
raise Escaped(open("/etc/passwd").read()[:300])
