# Opens libraries for reading, and has them emptied on the way: Landlock before version 3 lets that pass.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: all refused
# needs: landlock|namespaces|bubblewrap
import os

for place in (torch.__file__, nn.__file__):
    before = os.stat(place).st_size
    try:
        os.open(place, os.O_RDONLY | os.O_TRUNC)
    except OSError:
        continue
    raise Escaped(place, before, os.stat(place).st_size)
raise ValueError("all refused")
