# Makes files without end, each of them small.
# without lint: RUNTIME_ERROR|TIMEOUT at learn
# error: OSError|PermissionError|processor time
# needs: landlock|namespaces
class Net(Honest):
    def learn(self, train_data):
        import io

        for number in range(10_000):
            io.open(str(number), "wb", 0).write(bytes(50_000))
        raise Escaped("half a gigabyte")
