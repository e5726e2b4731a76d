# Opens a socket by the numbers of the x32 interface, which a filter for x86-64 alone would let pass.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR|CRASHED at import
# error: PermissionError|Function not implemented|SIGSYS
# needs: seccomp
# with: syscalls
X32, SOCKET = 0x40000000, 41
raise Escaped(syscall(X32 | SOCKET, 2, 1, 0))
