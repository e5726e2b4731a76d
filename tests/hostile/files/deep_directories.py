# Makes directories in one another, deeper than a recursive clean-up can follow.
# without lint: RUNTIME_ERROR at import
# error: OSError|PermissionError|as deep as it gets
import os

for _ in range(5000):
    os.mkdir("d")
    os.chdir("d")
raise ValueError("as deep as it gets")
