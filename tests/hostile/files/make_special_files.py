# Makes a named pipe, a device and a socket.
# without lint: RUNTIME_ERROR at import
# error: none made
# needs: seccomp
import os
import stat

for kind in (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK):
    try:
        os.mknod("special", 0o600 | kind, os.makedev(1, 1))
    except OSError:
        continue
    raise Escaped(kind)
raise ValueError("none made")
