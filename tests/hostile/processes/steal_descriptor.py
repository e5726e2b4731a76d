# Takes an open descriptor out of the supervisor.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
PIDFD_OPEN, PIDFD_GETFD = 434, 438
raise Escaped(syscall(PIDFD_GETFD, syscall(PIDFD_OPEN, Canary.supervisor, 0), 3, 0))
