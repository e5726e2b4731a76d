# Forks by the interface of 32-bit programs, reached with two bytes of machine code.
# with lint: FORBIDDEN at lint
# without lint: CRASHED at import
# error: SIGSYS|SIGSEGV
# needs: seccomp
# with: syscalls
import mmap

FORK_OF_I386 = b"\xb8\x02\x00\x00\x00\xcd\x80\xc3"  # mov eax, 2; int 0x80; ret
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(FORK_OF_I386)
raise Escaped(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))())
