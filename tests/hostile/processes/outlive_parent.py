# Revokes that it dies with its parent.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
PRCTL, SET_PDEATHSIG = 157, 1
raise Escaped(syscall(PRCTL, SET_PDEATHSIG, 0, 0, 0, 0))
