# Fails with a message of ten megabytes.
# without lint: RUNTIME_ERROR at import
# error: xxx
raise ValueError("x" * 10_000_000)
