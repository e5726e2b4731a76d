# Has the interpreter compute a number of a hundred million digits.
# without lint: TIMEOUT|OUT_OF_MEMORY at import
x = 10 ** (10**8)
