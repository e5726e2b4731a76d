# Opens the setting by which the kernel starts a program as root after a crash.
# without lint: RUNTIME_ERROR at import
# error: nothing opened
# needs: landlock|namespaces
import io

for setting in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper"):
    try:
        raise Escaped(setting, io.open(setting, "ab", 0))
    except OSError:
        continue
raise ValueError("nothing opened")
