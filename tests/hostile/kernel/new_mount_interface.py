# Mounts by the newer system calls.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: seccomp
# with: syscalls
OPEN_TREE, MOVE_MOUNT, FSOPEN, MOUNT_SETATTR = 428, 429, 430, 442
for call in ((OPEN_TREE, -100, b"/", 1), (MOVE_MOUNT, -1, b"", -1, b"", 0), (FSOPEN, b"tmpfs", 0), (MOUNT_SETATTR,)):
    try:
        syscall(*call)
    except PermissionError:
        continue
    raise Escaped(call)
raise ValueError("all refused")
