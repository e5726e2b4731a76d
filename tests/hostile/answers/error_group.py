# Fails with a thousand errors at once.
# without lint: RUNTIME_ERROR at import
# error: ExceptionGroup
raise ExceptionGroup("many", [ValueError(str(number)) for number in range(1000)])
