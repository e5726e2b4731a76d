# Exchanges its root directory.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
PIVOT_ROOT = 155
raise Escaped(syscall(PIVOT_ROOT, b".", b"."))
