# Is small when it is measured, and grows above the cap on parameters afterwards.
# without lint: CONTRACT_ERROR at learn
# error: trainable parameters
class Net(Honest):
    def learn(self, train_data):
        super().learn(train_data)
        self.wide = nn.Linear(1000, 1000)
