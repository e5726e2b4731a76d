# Leaves files whose names and kinds a careless clean-up stumbles over.
# without lint: RUNTIME_ERROR at import
# error: left
import io
import os

try:
    os.mkdir(b"\xff\xfe")
    io.open(b"\xff\xfe/\n-rf *", "w").close()
    os.mkdir("closed", 0)
    os.symlink("/", "root")
    os.symlink(Canary.directory, "elsewhere")
except OSError:
    pass
raise ValueError("left")
