# Closes the channel and lives on.
# without lint: CRASHED at learn
# error: closed the result channel
class Net(Honest):
    def learn(self, train_data):
        import os
        import time

        os.closerange(3, 1024)
        time.sleep(60)
