# Takes control of a process as a debugger does.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
PTRACE, SEIZE = 101, 0x4206
raise Escaped(syscall(PTRACE, SEIZE, Canary.victim, 0, 0))
