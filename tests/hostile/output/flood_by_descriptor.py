# Writes without end, past Python's streams.
# with lint: FORBIDDEN at lint
# without lint: OUTPUT_LIMIT at import
import os

while True:
    os.write(1, bytes(10_000))
