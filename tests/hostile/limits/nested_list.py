# Leaves a list so deep that freeing it naively would fill the stack.
# without lint: OUT_OF_MEMORY|COMPLETE|TIMEOUT
x = []
for _ in range(3_000_000):
    x = [x]
del x
