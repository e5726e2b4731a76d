# Forks, and so do its children.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at learn
# error: PermissionError
# needs: seccomp
class Net(Honest):
    def learn(self, train_data):
        import os

        while True:
            os.fork()
