# Never ends when asked what went wrong.
# without lint: TIMEOUT at import
class Endless(Exception):
    def __str__(self):
        while True:
            pass


raise Endless
