# Kills a process by the calls that threads and real-time programs use.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: seccomp
# with: syscalls
TKILL, TGKILL, RT_SIGQUEUEINFO, RT_TGSIGQUEUEINFO = 200, 234, 129, 297
information = (ctypes.c_int * 32)(9, 0, -1)
victim = Canary.victim
for call in (
    (TKILL, victim, 9),
    (TGKILL, victim, victim, 9),
    (RT_SIGQUEUEINFO, victim, 9, information),
    (RT_TGSIGQUEUEINFO, victim, victim, 9, information),
):
    try:
        syscall(*call)
    except PermissionError:
        continue
    raise Escaped(call)
raise ValueError("all refused")
