# Takes over the handling of page faults, with which kernel races are won.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
USERFAULTFD = 323
raise Escaped(syscall(USERFAULTFD, 1))
