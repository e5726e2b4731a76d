# Makes a file of a terabyte that holds nothing.
# without lint: RUNTIME_ERROR at learn
# error: OSError|PermissionError
class Net(Honest):
    def learn(self, train_data):
        import io

        io.open("sparse", "wb", 0).truncate(2**40)
        raise Escaped("a terabyte")
