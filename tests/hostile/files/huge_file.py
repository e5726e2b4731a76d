# Writes without end to one file.
# without lint: RUNTIME_ERROR at learn
# error: OSError|PermissionError
class Net(Honest):
    def learn(self, train_data):
        import io

        file = io.open("huge", "wb", 0)
        for _ in range(10_000):
            if not file.write(bytes(50_000)):
                raise OSError("full")
        raise Escaped("half a gigabyte")
