# Fails as if the user had interrupted it.
# without lint: RUNTIME_ERROR at import
# error: KeyboardInterrupt
raise KeyboardInterrupt
