# Starts threads without end.
# without lint: FORBIDDEN|RUNTIME_ERROR at learn
# error: threads are allowed|can't start new thread
class Net(Honest):
    def learn(self, train_data):
        import threading

        threading.stack_size(64 * 1024)
        stop = threading.Event()
        while True:
            threading.Thread(target=stop.wait).start()
