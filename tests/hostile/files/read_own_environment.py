# Prints the environment that it has itself, from Python and from the kernel.
# without lint: RUNTIME_ERROR at import
# error: ValueError
import io
import os

try:
    kernels = io.open("/proc/self/environ").read()
except OSError:
    kernels = ""
raise ValueError(sorted(os.environ.values()), kernels)
