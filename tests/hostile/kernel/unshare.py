# Makes a user namespace, to be root in it.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
UNSHARE, NEW_USER = 272, 0x10000000
raise Escaped(syscall(UNSHARE, NEW_USER))
