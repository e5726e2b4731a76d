# Has a class that only looks like a network.
# without lint: CONTRACT_ERROR at init
class Net(Honest):
    def __new__(cls, *arguments):
        return object()
