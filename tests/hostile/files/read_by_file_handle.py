# Opens a file by its inode's handle, past every path: the classic way out of a container run as root.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: PermissionError
# needs: seccomp
# with: syscalls
NAME_TO_HANDLE_AT, OPEN_BY_HANDLE_AT = 303, 304
handle, mount = (ctypes.c_int * 64)(128), ctypes.c_int()
syscall(NAME_TO_HANDLE_AT, -100, Canary.secret_file.encode(), handle, ctypes.byref(mount), 0)
root = os.open("/", os.O_RDONLY)
raise Escaped(os.read(syscall(OPEN_BY_HANDLE_AT, root, handle, os.O_RDONLY), 300))
