# Fails with an exception whose class, name and trace are traps.
# without lint: RUNTIME_ERROR at import
# error: Trap
class Meta(type):
    def __getattribute__(cls, name):
        raise KeyboardInterrupt

    def __repr__(cls):
        raise KeyboardInterrupt


class Trap(Exception, metaclass=Meta):
    def __getattribute__(self, name):
        raise KeyboardInterrupt

    def __repr__(self):
        raise KeyboardInterrupt


raise Trap
