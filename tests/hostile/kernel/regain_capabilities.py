# Takes its capabilities back.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
CAPSET = 126
everything = 0xFFFFFFFF
raise Escaped(syscall(CAPSET, (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[everything] * 6)))
