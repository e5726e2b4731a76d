# Waits for a lock that it holds itself.
# without lint: TIMEOUT at learn
# error: wall time
class Net(Honest):
    def learn(self, train_data):
        import threading

        lock = threading.Lock()
        with lock, lock:
            pass
