# Switches off the randomisation of addresses.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
PERSONALITY, ADDR_NO_RANDOMIZE = 135, 0x0040000
raise Escaped(syscall(PERSONALITY, ADDR_NO_RANDOMIZE))
