# Returns an object that runs code where it is unpickled.
# without lint: SHAPE_ERROR at forward
# error: not a tensor
class Bomb:
    def __reduce__(self):
        return print, ("owned",)


class Net(Honest):
    def forward(self, x):
        return Bomb()
