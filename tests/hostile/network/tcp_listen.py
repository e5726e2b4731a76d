# Offers a service on this machine.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import socket

socket.create_server(("127.0.0.1", 0))
raise Escaped("listening")
