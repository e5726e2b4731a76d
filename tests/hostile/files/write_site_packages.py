# Plants code that every later Python process would run.
# without lint: RUNTIME_ERROR at import
# error: nowhere
# needs: landlock|namespaces
import io
import os
import sys

for folder in sys.path:
    for name in (f"{Canary.mark}.pth", f"{Canary.mark}.py"):
        try:
            io.open(os.path.join(folder, name), "w").write("import antigravity")
        except OSError:
            continue
        raise Escaped(folder)
raise ValueError("nowhere")
