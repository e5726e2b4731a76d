# Loads a filter of its own that lets everything pass.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
SECCOMP, STRICT = 317, 0
raise Escaped(syscall(SECCOMP, 1, 0, (ctypes.c_uint64 * 2)()))
