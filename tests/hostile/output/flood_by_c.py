# Has the C library print without end.
# with lint: FORBIDDEN at lint
# without lint: OUTPUT_LIMIT at import
# with: syscalls
while True:
    libc.puts(b"x" * 1000)
