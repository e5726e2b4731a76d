# Has the kernel kill it.
# with lint: FORBIDDEN at lint
# without lint: CRASHED at learn
# error: SIGALRM
class Net(Honest):
    def learn(self, train_data):
        import signal
        import time

        signal.setitimer(signal.ITIMER_REAL, 0.01)
        time.sleep(60)
