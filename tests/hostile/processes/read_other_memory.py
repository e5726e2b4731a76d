# Copies from the memory of another process.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: seccomp
# with: syscalls
PROCESS_VM_READV, PROCESS_VM_WRITEV = 310, 311
buffer = ctypes.create_string_buffer(64)
vector = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 64)
for call in (PROCESS_VM_READV, PROCESS_VM_WRITEV):
    for process in (Canary.supervisor, Canary.victim, os.getppid()):
        try:
            syscall(call, process, vector, 1, vector, 1, 0)
        except PermissionError:
            continue
        raise Escaped(process)
raise ValueError("all refused")
