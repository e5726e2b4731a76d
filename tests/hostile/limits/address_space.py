# Reserves more addresses than there is memory.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR|OUT_OF_MEMORY at import
# error: Cannot allocate memory
import mmap

mmap.mmap(-1, 2**40)
raise Escaped("a terabyte")
