# Asks for a thread with a user namespace of its own, in which it would be root.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
CLONE, NEW_USER, SIGCHLD = 56, 0x10000000, 17
raise Escaped(syscall(CLONE, NEW_USER | SIGCHLD, 0, 0, 0, 0))
