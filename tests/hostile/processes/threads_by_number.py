# Starts threads that lack what a thread shares with its program: open files, memory, signal handlers.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: seccomp
# with: syscalls
# The kernel refuses some of these by itself (EINVAL), and would start the first; a thread without a stack would
# crash the program.
CLONE = 56
VM, FS, FILES, SIGHAND, THREAD, SYSVSEM = 0x100, 0x200, 0x400, 0x800, 0x10000, 0x40000
ALL = VM | FS | FILES | SIGHAND | THREAD | SYSVSEM
for missing in (FILES, FILES | FS, SIGHAND, VM, THREAD, THREAD | FILES):
    try:
        syscall(CLONE, ALL & ~missing, 0, None, None, 0)
    except PermissionError:
        continue
    raise Escaped(hex(missing))
raise ValueError("all refused")
