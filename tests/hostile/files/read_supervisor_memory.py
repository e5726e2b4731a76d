# Reads the labels of the validation split where they are: in the supervisor's memory.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError
# needs: landlock|namespaces
import io

start = int(io.open(f"/proc/{Canary.supervisor}/maps").readline().split("-")[0], 16)
memory = io.open(f"/proc/{Canary.supervisor}/mem", "rb", 0)
memory.seek(start)
raise Escaped(memory.read(64))
