# Takes memory without end while it is imported.
# without lint: OUT_OF_MEMORY at import
x = []
while True:
    x.append(bytearray(2**24))
