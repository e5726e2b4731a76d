# Makes System V shared memory, which outlives its maker.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: seccomp
# with: syscalls
SHMGET, SEMGET, MSGGET, MQ_OPEN = 29, 64, 68, 240
for call in ((SHMGET, 0, 4096, 0o1600), (SEMGET, 0, 1, 0o1600), (MSGGET, 0, 0o1600), (MQ_OPEN, b"mark", 0o101, 0o600, None)):
    try:
        syscall(*call)
    except PermissionError:
        continue
    raise Escaped(call)
raise ValueError("all refused")
