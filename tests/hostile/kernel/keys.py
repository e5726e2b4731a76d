# Looks into the user's keyrings.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: seccomp
# with: syscalls
ADD_KEY, REQUEST_KEY, KEYCTL = 248, 249, 250
for call in ((ADD_KEY, b"user", b"mark", b"x", 1, -3), (REQUEST_KEY, b"user", b"mark", None, 0), (KEYCTL, 0, -3, 1)):
    try:
        syscall(*call)
    except PermissionError:
        continue
    raise Escaped(call)
raise ValueError("all refused")
