# Fails with an exception whose trace has no end.
# without lint: RUNTIME_ERROR at import
# error: Endless
class Endless(Exception):
    @property
    def __traceback__(self):
        while True:
            pass


raise Endless
