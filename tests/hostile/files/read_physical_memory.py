# Opens the machine's memory and its log.
# without lint: RUNTIME_ERROR at import
# error: nothing opened
# needs: landlock|namespaces
import io

for device in ("/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/proc/kcore"):
    try:
        raise Escaped(device, io.open(device, "rb", 0))
    except OSError:
        continue
raise ValueError("nothing opened")
