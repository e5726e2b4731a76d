# Connects to a socket that has a name but no file.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import socket

socket.socket(socket.AF_UNIX).connect("\0" + Canary.unix_name)
raise Escaped("connected")
