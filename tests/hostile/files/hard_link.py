# Links a file of the user into its own directory, to write to it there.
# without lint: RUNTIME_ERROR at import
# error: PermissionError|FileNotFoundError|OSError
# needs: landlock|namespaces
import io
import os

os.link(Canary.survivor, "mine")
io.open("mine", "w").write("spoilt")
raise Escaped("linked")
