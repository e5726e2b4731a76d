# Burns processor time on many threads at once.
# without lint: TIMEOUT at learn
class Net(Honest):
    def learn(self, train_data):
        import threading

        def burn():
            x = torch.randn(128, 128)
            while True:
                x = torch.tanh(x @ x)

        for _ in range(2):
            threading.Thread(target=burn).start()
        burn()
