# Forks by the system call itself.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
CLONE, SIGCHLD = 56, 17
if syscall(CLONE, SIGCHLD, 0, 0, 0, 0) == 0:
    os._exit(0)
raise Escaped("cloned")
