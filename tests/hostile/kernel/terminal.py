# Types into the terminal of whoever started the evaluator.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: seccomp
import fcntl
import termios

for descriptor in range(4):
    try:
        fcntl.ioctl(descriptor, termios.TIOCSTI, b"x")
    except OSError:
        continue
    raise Escaped(descriptor)
raise ValueError("all refused")
