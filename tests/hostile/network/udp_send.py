# Sends a datagram, which Landlock does not know of.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import socket

socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(Canary.program, ("127.0.0.1", Canary.udp_port))
raise Escaped("sent")
