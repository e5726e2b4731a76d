# Keeps the training images in a list of the module.
# without lint: REUSED_DATA at done
# error: it kept [0-9,]+ bytes
SEEN = []


class Net(Honest):
    def learn(self, train_data):
        for inputs, labels in train_data:
            SEEN.append(inputs.flatten(1))
            super().learn([(inputs, labels)])
