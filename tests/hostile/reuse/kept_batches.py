# Keeps the batches of its pass in a list and trains on them five times.
# without lint: REUSED_DATA at done
# error: learnt from the training images 5.0 times
class Net(Honest):
    def learn(self, train_data):
        batches = list(train_data)
        for epoch in range(5):
            super().learn(batches)
