# Has the interpreter list a thousand billion tuples.
# without lint: OUT_OF_MEMORY|TIMEOUT at import
import itertools

x = list(itertools.product(range(10_000), repeat=3))
