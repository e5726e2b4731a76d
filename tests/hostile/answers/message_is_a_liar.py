# Fails with a string whose every method is its own.
# without lint: RUNTIME_ERROR at import
# error: Liar.*the truth
class Text(str):
    def encode(self, *arguments, **keywords):
        raise SystemExit

    __getitem__ = __format__ = __str__ = __len__ = __iter__ = encode


class Liar(Exception):
    def __str__(self):
        return Text("the truth")


raise Liar
