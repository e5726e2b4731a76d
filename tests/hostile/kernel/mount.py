# Mounts a file system over its own directory.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
MOUNT = 165
raise Escaped(syscall(MOUNT, b"none", os.getcwd().encode(), b"tmpfs", 0, None))
