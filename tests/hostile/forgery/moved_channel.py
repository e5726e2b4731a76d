# Moves the channel to another descriptor, so that no verdict about it can be sent.
# with lint: FORBIDDEN at lint
# without lint: CRASHED at learn
# error: exit code 0|closed the result channel
class Net(Honest):
    def learn(self, train_data):
        import os

        os.dup2(3, 100)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 3)
