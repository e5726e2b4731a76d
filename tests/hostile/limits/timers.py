# Makes timers until the kernel refuses: they count against the user, so that others get none.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: refused after few
# needs: seccomp
# with: syscalls
TIMER_CREATE, SIGEV_NONE, MONOTONIC = 222, 1, 1
event = (ctypes.c_uint32 * 16)(0, 0, 34, SIGEV_NONE)
made, timer = 0, ctypes.c_int()
try:
    while made < 4096:
        syscall(TIMER_CREATE, MONOTONIC, event, ctypes.byref(timer))
        made += 1
except OSError:
    raise ValueError("refused after few" if made <= 1024 else f"refused after {made}") from None
raise Escaped(made)
