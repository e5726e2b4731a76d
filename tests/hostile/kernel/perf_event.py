# Counts the processor's events, a window on what others do.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
PERF_EVENT_OPEN = 298
raise Escaped(syscall(PERF_EVENT_OPEN, (ctypes.c_uint32 * 32)(1, 128), 0, -1, -1, 0))
