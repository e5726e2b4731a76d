# Has the kernel tell it of every change in a directory of the user.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
INOTIFY_INIT1, INOTIFY_ADD_WATCH = 294, 254
raise Escaped(syscall(INOTIFY_ADD_WATCH, syscall(INOTIFY_INIT1, 0), Canary.directory.encode(), 0xFFF))
