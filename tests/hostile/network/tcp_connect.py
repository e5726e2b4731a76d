# Connects to a service on this machine.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import socket

socket.create_connection(("127.0.0.1", Canary.tcp_port), 1).sendall(Canary.program)
raise Escaped("connected")
