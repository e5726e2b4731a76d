# Leaves a file and a directory wherever it can write, and looks for those of a program before it.
# with lint: FORBIDDEN at lint
# without lint: COMPLETE
import os

for place in (".", "..", "/", "/dev", "/dev/shm", "/tmp", "/scratch", "/proc"):
    try:
        found = [name for name in os.listdir(place) if name.startswith("left-")]
    except OSError:
        found = []
    if found:
        raise Escaped(place, found)
    for make in (lambda path: open(path, "x").close(), os.mkdir):
        try:
            make(f"{place}/left-{make.__name__.strip('<>')}")
        except OSError:
            continue
