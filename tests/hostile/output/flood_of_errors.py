# Writes to the error stream without end.
# without lint: OUTPUT_LIMIT at import
import sys

while True:
    sys.stderr.write("x" * 1000)
