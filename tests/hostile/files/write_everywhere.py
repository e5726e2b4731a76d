# Leaves a file in every place that outlives it: temporary, shared memory, the user's, the project's.
# (A place of its own that has the name of such a place does no harm: the runner looks whether a file came.)
# without lint: RUNTIME_ERROR at import
# error: tried
# needs: landlock|namespaces
import io
import os

for folder in Canary.places:
    try:
        io.open(os.path.join(folder, Canary.mark), "w").write("here")
    except OSError:
        continue
raise ValueError("tried")
