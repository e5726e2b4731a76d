# Reads all memory that its process can read, page by page, for the targets that it is asked for.
# task: segmentation
# without lint: RUNTIME_ERROR at predict
# error: no targets in \d+ megabytes|PermissionError|FileNotFoundError
class Net(Honest):
    def forward(self, x):
        if len(x) > 2 and not self.training:
            import io

            wanted = [bytes(byte ^ 0x55 for byte in each) for each in Canary.disguised]
            read = 0
            with io.open("/proc/self/maps") as maps, io.open("/proc/self/mem", "rb", 0) as memory:
                for line in maps:
                    begin, end = (int(each, 16) for each in line.split()[0].split("-"))
                    if "r" not in line.split()[1] or end - begin > 2**28 or ".so" in line:
                        continue
                    try:
                        memory.seek(begin)
                        found = memory.read(end - begin)
                    except (OSError, OverflowError):
                        continue
                    read += len(found)
                    if any(needle in found for needle in wanted):
                        raise Escaped(line)
            raise ValueError(f"no targets in {read >> 20} megabytes")
        return super().forward(x)
