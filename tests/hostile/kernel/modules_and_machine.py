# Loads a module, restarts the machine, sets its clock and its name: each with arguments that do nothing.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: seccomp
# with: syscalls
FINIT_MODULE, REBOOT, CLOCK_SETTIME, SETHOSTNAME, SYSLOG, SWAPON = 313, 169, 227, 170, 103, 167
for call in (
    (FINIT_MODULE, -1, b"", 0),
    (REBOOT, 0, 0, 0, None),
    (CLOCK_SETTIME, 99, None),
    (SETHOSTNAME, None, -1),
    (SYSLOG, 10, None, 0),
    (SWAPON, b"/no/such/file", 0),
):
    try:
        syscall(*call)
    except PermissionError:
        continue
    except OSError as error:
        raise Escaped(call, error)
    raise Escaped(call)
raise ValueError("all refused")
