# Unmounts what keeps files from it.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
UMOUNT2 = 166
raise Escaped(syscall(UMOUNT2, b"/no/such/place", 2))
