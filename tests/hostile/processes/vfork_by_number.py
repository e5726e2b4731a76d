# Forks by the oldest of them.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
VFORK = 58
raise Escaped(syscall(VFORK))
