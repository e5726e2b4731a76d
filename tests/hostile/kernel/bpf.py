# Loads a program into the kernel.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
BPF, MAP_CREATE = 321, 0
raise Escaped(syscall(BPF, MAP_CREATE, (ctypes.c_uint32 * 32)(2, 4, 8, 1), 128))
