# Reads the memory of the process that all programs are forked from.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import io
import os

start = int(io.open(f"/proc/{os.getppid()}/maps").readline().split("-")[0], 16)
memory = io.open(f"/proc/{os.getppid()}/mem", "rb", 0)
memory.seek(start)
raise Escaped(memory.read(64))
