# Keeps the training images as NumPy arrays in a dict, which Python's garbage collector does not look into.
# without lint: REUSED_DATA at done
# error: it kept [0-9,]+ bytes
SEEN = {}


class Net(Honest):
    def learn(self, train_data):
        for inputs, labels in train_data:
            SEEN[len(SEEN)] = inputs.numpy().copy()
            super().learn([(inputs, labels)])
