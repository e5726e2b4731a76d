# Becomes a program that is in no file.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
import os

descriptor = os.memfd_create("program")
os.write(descriptor, b"#!/bin/sleep 60\n")
os.execve(descriptor, ["program"], {})
