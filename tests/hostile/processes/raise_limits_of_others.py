# Changes the limits of another process.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import resource

resource.prlimit(Canary.victim, resource.RLIMIT_NOFILE, (0, 0))
raise Escaped("changed")
