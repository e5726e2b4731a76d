# Asks to exit, with success.
# without lint: CRASHED at learn
# error: asked to exit
class Net(Honest):
    def learn(self, train_data):
        raise SystemExit(0)
