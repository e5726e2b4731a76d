# Never ends in its training.
# without lint: TIMEOUT at learn
class Net(Honest):
    def learn(self, train_data):
        while True:
            for inputs, labels in train_data:
                self(inputs)
