# Hands its system calls to the kernel by a ring in shared memory, past the filter.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError|Function not implemented
# needs: seccomp
# with: syscalls
IO_URING_SETUP = 425
raise Escaped(syscall(IO_URING_SETUP, 4, (ctypes.c_uint32 * 30)()))
