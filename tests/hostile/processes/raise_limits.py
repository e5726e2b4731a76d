# Takes its limits off.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError|ValueError: .*not allowed|ValueError: .*exceeds
# needs: seccomp
import resource

unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
resource.setrlimit(resource.RLIMIT_CPU, unlimited)
raise Escaped(resource.getrlimit(resource.RLIMIT_CPU))
