# Has the interpreter build a string that no memory holds.
# without lint: OUT_OF_MEMORY at import
x = "x"
while True:
    x += x
