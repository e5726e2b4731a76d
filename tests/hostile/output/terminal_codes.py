# Prints and raises what would steer the terminal of whoever reads it.
# without lint: RUNTIME_ERROR at import
# error: owned
codes = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\x00"
print(codes, flush=True)
raise ValueError(codes)
