# Forks by the newest of the system calls that can.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError|Function not implemented
# needs: seccomp
# with: syscalls
CLONE3, SIGCHLD = 435, 17
if syscall(CLONE3, (ctypes.c_uint64 * 8)(0, 0, 0, 0, SIGCHLD, 0, 0, 0), 64) == 0:
    os._exit(0)
raise Escaped("cloned")
