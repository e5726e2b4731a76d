# Opens a socket with the module behind the module.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import _socket

_socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, None)
raise Escaped("a socket")
