# Reads an address that does not exist.
# with lint: FORBIDDEN at lint
# without lint: CRASHED at learn
# error: SIGSEGV
# with: syscalls
class Net(Honest):
    def learn(self, train_data):
        ctypes.string_at(0)
