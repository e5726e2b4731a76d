# Asks the kernel for the machine's network.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import socket

socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
raise Escaped("a netlink socket")
