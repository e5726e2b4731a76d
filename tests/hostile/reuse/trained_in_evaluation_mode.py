# Trains on kept batches in evaluation mode, in which no training is expected.
# without lint: REUSED_DATA at done
# error: learnt from the training images 4.0 times
class Net(Honest):
    def learn(self, train_data):
        self.eval()
        batches = [*train_data]
        for epoch in range(4):
            super().learn(batches)
