# Leaves as a program that has done its work.
# with lint: FORBIDDEN at lint
# without lint: CRASHED at learn
# error: exit code 0
class Net(Honest):
    def learn(self, train_data):
        import os

        os._exit(0)
